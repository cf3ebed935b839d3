"""Scope: the names a Python expression uses, and what they stand for."""

from __future__ import annotations

import sys

from furu.identity import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Scope:
    """Collects the names of one expression.

    A class or function goes by its qualified name (``Outer.Inner``); one of the standard library, numpy or torch, and one
    whose name is taken already, by its full dotted name.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def module(self, name: str) -> str:
        """Return how to write a module, importing it into the scope."""
        from importlib import import_module

        import_module(name)
        root = name.partition(".")[0]
        self.names[root] = sys.modules[root]
        return name

    def thing(self, thing: Any) -> str:
        """Return how to write a class or a function."""
        name = names.class_name(thing) if isinstance(thing, type) else names.function_name(thing)
        qualname: str = thing.__qualname__.rpartition("<locals>.")[2]
        module = name.removesuffix(qualname).removesuffix(".")
        root = module.partition(".")[0]
        if root == "builtins":
            return qualname
        top = qualname.partition(".")[0]
        owner = getattr(sys.modules.get(thing.__module__), top, thing)
        if root in sys.stdlib_module_names or root in ("numpy", "torch") or self.names.get(top, owner) is not owner:
            return f"{self.module(module)}.{qualname}"
        self.names[top] = owner
        return qualname
