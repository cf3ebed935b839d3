"""Digest: the key of a config, ``furu_hash``.

``blake2s(canonical JSON)`` of class name and fields, where a nested record enters by its own digest (``merkle``).

A golden hash never changes (``tests/golden/identity.json``).  A new rule gets a new ``IDENTITY_VERSION``.
"""

from __future__ import annotations

from furu.errors import FuruError
from furu.identity.names import CACHE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDENTITY_VERSION = 1


def furu_hash(obj: Any) -> str:
    """Return the key of a Furu object (or of any record): 20 lower-case hex characters.

    Computed once per Furu or chz object, which are immutable; mutating a list inside one later goes unseen.

    Raises ``FuruIdentityError`` (a ``TypeError``) naming class and dotted path of a value that cannot be hashed, and
    ``FuruCycleError`` naming the cycle when an object depends on itself.
    """
    known: str | None = getattr(obj, "__dict__", {}).get(CACHE)
    if known is None:
        from furu.identity import merkle  # deferred: a program that hashes nothing need not load it

        known = merkle.compute(obj)
    return known


def excluded_values(obj: Any) -> tuple[Any, ...]:
    """Return what the object's own fields outside its key hold (``skip_hash`` and ``_private`` ones), to be compared.

    Two objects of one class with equal keys are equal when these are.  A value counts by its canonical form where it
    has one, so arrays compare too, and as itself where it has none.
    """
    from furu.identity.records import record_of

    record = record_of(type(obj))
    if record is None or not record.excluded:
        return ()
    return tuple([_comparable(getattr(obj, field.name)) for field in record.excluded])


def _comparable(value: Any) -> Any:
    from furu.identity import canonical, merkle

    try:
        return canonical.encoded(merkle.form_of(value))
    except (FuruError, RecursionError):
        return value
