"""Values in the place of results, so that a test need not compute what is below the thing it tests."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from furu.errors import FuruError
from furu.identity import dependencies, names
from furu.identity.records import record_of
from furu.runtime import overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import furu

_MOST_LISTED = 20


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
    """Return the Furu object at a dotted path below ``root``.

    Raises ``OverridePathError`` that says how far the path leads, what is there, and what would fit.
    """
    walk = _Walk(root)
    left = path
    while left or not walk.walked:
        steps = walk.steps()
        # The longest one: a key of a mapping may itself have dots.
        step = max((step for step in steps if f"{left}.".startswith(f"{step}.")), key=len, default=None)
        if step is None:
            raise walk.no_step(left.partition(".")[0])
        walk.go(step, steps[step]())
        left = left[len(step) + 1 :]
    if not names.is_furu(walk.here):
        raise walk.error(f"{path!r} leads to {_short(walk.here)}, which is no Furu object")
    result: furu.Furu[Any] = walk.here
    return result


class _Walk:
    """A walk along a dotted path: what is here, and the last Furu object on the way."""

    def __init__(self, root: furu.Furu[Any]) -> None:
        self._root = root
        self._owner: Any = root
        self._to_owner = ""
        self.here: Any = root
        self.walked = ""

    def steps(self) -> dict[str, Callable[[], Any]]:
        """Return every step there is from here, with a way to take it; whole ways to dependencies included."""
        ways = dependencies.direct(self.here) if names.is_furu(self.here) else []
        return _parts(self.here) | {way: partial(_same, value) for way, value in ways}

    def go(self, step: str, to: Any) -> None:
        """Take a step."""
        self.walked = _joined(self.walked, step)
        self.here = to
        if names.is_furu(to):
            self._owner, self._to_owner = to, self.walked

    def no_step(self, step: str) -> OverridePathError:
        """Return the error for a step that cannot be taken from here."""
        parts = list(_parts(self.here))
        near = difflib.get_close_matches(step, parts, n=1)
        has = f"it has {_listed(parts)}" if parts else "there is nothing inside"
        hint = f"; did you mean {near[0]!r}?" if near else ""
        place = repr(self.walked) if self.walked else "the root"
        return self.error(f"{place} is {_short(self.here)} and has no {step!r}: {has}{hint}")

    def error(self, message: str) -> OverridePathError:
        """Return an error that says what would fit below the last Furu object on the way."""
        fit = [_joined(self._to_owner, way) for way, _ in dependencies.direct(self._owner)]
        cls = type(self._owner).__name__
        return OverridePathError(
            f"override_results_for({type(self._root).__name__}): {message}",
            hints=[f"paths to dependencies of {cls}: {_listed(fit)}" if fit else f"{cls} has no dependencies"],
        )


def _parts(here: Any) -> dict[str, Callable[[], Any]]:
    """Return what is directly inside a value, by name: fields and ``@furu_dep`` methods, places, keys."""
    if isinstance(here, (list, tuple)) and not hasattr(here, "_fields"):
        return {str(place): partial(operator.getitem, here, place) for place in range(len(here))}
    if isinstance(here, Mapping):
        return {str(key): partial(operator.getitem, here, key) for key in here}
    record = record_of(type(here))
    if record is None:
        return {}
    parts: dict[str, Callable[[], Any]] = {field.name: partial(getattr, here, field.name) for field in record.fields}
    return parts | {method: getattr(here, method) for method in record.methods}


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:_MOST_LISTED]) + (", ..." if len(words) > _MOST_LISTED else "")


def _same(value: Any) -> Any:
    return value


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
