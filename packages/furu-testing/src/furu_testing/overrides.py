"""Values in the place of results, so that a test need not compute what is below the thing it tests."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from furu.errors import FuruError
from furu.identity import dependencies, names
from furu.runtime import overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import furu


class OverridePathError(FuruError, LookupError):
    """A dotted path does not lead to a Furu object."""


@contextmanager
def override_results(values: Mapping[Any, Any]) -> Iterator[None]:
    """Let values stand in for results inside the block; keys are Furu objects or their hashes.

    ``get exists load_existing try_load`` and planning take the value; nothing is computed, and the store is not touched.
    Threads and executor workers started inside see it too.  Blocks nest: the inner one adds to the outer.

    Raises ``TypeError`` naming a key that is neither a Furu object nor a hash.
    """
    with overrides.installed({_key(key): value for key, value in values.items()}):
        yield


@contextmanager
def override_results_for(root: furu.Furu[Any], values: Mapping[str, Any]) -> Iterator[None]:
    """Let values stand in for dependencies of ``root``, named by dotted path: ``{"deps.0.normalizer": value}``.

    A step is a field, a ``@furu_dep`` method, a place in a list or a key of a mapping.

    Raises ``OverridePathError`` (a ``LookupError``) that says how far a path leads, what is there, and what would fit.
    """
    with override_results({found(root, path): value for path, value in values.items()}):
        yield


def found(root: furu.Furu[Any], path: str) -> furu.Furu[Any]:
    """Return the Furu object at a dotted path below ``root``."""
    here: Any = root
    walked: list[str] = []
    for step in path.split("."):
        here = _stepped(root, here, walked, step)
        walked.append(step)
    if not names.is_furu(here):
        raise _error(root, f"{path!r} leads to {_short(here)}, which is no Furu object")
    result: furu.Furu[Any] = here
    return result


def _stepped(root: Any, here: Any, walked: list[str], step: str) -> Any:
    choices = _choices(here)
    name = step.removesuffix("()")
    if name in choices:
        return choices[name]()
    place = ".".join(walked) or type(root).__name__
    near = difflib.get_close_matches(name, choices, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    has = f"it has {', '.join(list(choices)[:20])}" if choices else "there is nothing inside"
    raise _error(root, f"{place} is {_short(here)} and has no {step!r}: {has}{hint}")


def _choices(here: Any) -> dict[str, Any]:
    """Return what a step from ``here`` may be called, with a way to take it."""
    if isinstance(here, (list, tuple)):
        return {str(place): lambda place=place: here[place] for place in range(len(here))}
    if isinstance(here, dict):
        return {str(key): lambda key=key: here[key] for key in here}
    fields = getattr(here, "__chz_fields__", None) or getattr(here, "__dataclass_fields__", {})
    choices = {name: lambda name=name: getattr(here, name) for name in fields}
    methods = [
        name for name in dir(type(here)) if getattr(getattr(type(here), name, None), "_furu_dep", False)
    ]
    return choices | {name: lambda name=name: getattr(here, name)() for name in methods}


def _error(root: Any, message: str) -> OverridePathError:
    paths = [path for path, _ in dependencies.direct(root)]
    return OverridePathError(
        f"override_results_for({type(root).__name__}): {message}",
        hints=[f"paths to dependencies of {type(root).__name__}: {', '.join(paths) or 'there are none'}"],
    )


def _key(key: Any) -> str:
    if names.is_furu(key):
        digest: str = key.furu_hash
        return digest
    if isinstance(key, str) and len(key) == 20 and set(key) <= set("0123456789abcdef"):
        return key
    raise TypeError(f"override_results: {_short(key)} is neither a Furu object nor a furu_hash (20 hex characters)")


def _short(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
