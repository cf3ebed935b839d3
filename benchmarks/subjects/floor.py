"""The floor: what the operating system and JSON cost, with no promise at all."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from subjects import result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def opened(root: Path) -> Callable[[int], Any]:
    """A hit is stat, open, read, parse; a create is mkdir, write, rename."""
    store = f"{root}/floor"
    os.makedirs(store, exist_ok=True)

    def obtain(number: int) -> Any:
        path = f"{store}/{number}/result.json"
        try:
            os.stat(path)
        except FileNotFoundError:
            value = result(number)
            os.mkdir(f"{store}/{number}")
            with open(f"{path}.tmp", "w") as file:
                file.write(json.dumps(value))
            os.rename(f"{path}.tmp", path)
            return value
        with open(path) as file:
            return json.loads(file.read())

    return obtain
