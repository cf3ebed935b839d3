"""Options: what ``furu.field`` says about a field, and where it says it."""

from __future__ import annotations

from dataclasses import dataclass

from furu.errors import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Where ``furu.field`` leaves its options in a chz field's metadata.
OPTIONS = "furu"


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """What ``furu.field`` says about a field beyond ``chz.field``."""

    skip_hash: bool = False
    hash_default: Any = MISSING
