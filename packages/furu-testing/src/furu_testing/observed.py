"""What ran in this test: how often artifacts were computed and loaded, in child processes too.

Read from the trace that ``furu_test_env`` (and so ``furu_tmp_root``) has every ``get()`` write.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from furu import config
from furu.errors import FuruIdentityError
from furu.identity import names
from furu_testing import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    import furu

NO_COMPUTE = "furu_no_compute"
_MOST_TOLD = 40


@dataclass(frozen=True, slots=True)
class Did:
    """One line of the trace: what one ``get()`` did."""

    namespace: str
    furu_hash: str
    outcome: str
    pid: int

    @property
    def computed(self) -> bool:
        """Whether it ran ``_create``."""
        return self.outcome.endswith("->create")

    @property
    def loaded(self) -> bool:
        """Whether it ran ``_load``."""
        return self.outcome.endswith("->load")


def trace() -> list[Did]:
    """Return what every ``get()`` of this test has done so far, in all its processes.

    Raises ``RuntimeError`` outside ``furu_tmp_root`` and ``furu_test_env``.
    """
    path = config.current().trace
    if path is None:
        raise RuntimeError("nothing is observed here: use the fixture furu_tmp_root, or furu_test_env(path)")
    text = path.read_text() if path.exists() else ""
    found = [json.loads(line) for line in text.split("\n")[:-1]]  # what follows is being written by another process
    return [Did(line["class"], line["furu_hash"], line["outcome"], line["pid"]) for line in found]


def computed(what: type[furu.Furu[Any]] | furu.Furu[Any]) -> int:
    """Return how often ``_create`` ran in this test: of one object, or of all objects of a class and its subclasses."""
    return sum(did.computed for did in _of(what))


def loaded(what: type[furu.Furu[Any]] | furu.Furu[Any]) -> int:
    """Return how often ``_load`` ran on a published result in this test: of one object, or of a class and subclasses."""
    return sum(did.loaded for did in _of(what))


def assert_computed(obj: furu.Furu[Any], *, times: int = 1) -> None:
    """Fail unless ``_create`` of this config ran exactly ``times`` times in this test."""
    __tracebackhide__ = True
    seen = computed(obj)
    if seen != times:
        raise AssertionError(f"{_label(obj)} was computed {_times(seen)}, not {_times(times)}\n{_told()}")


def assert_loaded(obj: furu.Furu[Any], *, times: int | None = None) -> None:
    """Fail unless this config was loaded from the store in this test: at least once, or exactly ``times`` times."""
    __tracebackhide__ = True
    seen = loaded(obj)
    if seen != times if times is not None else not seen:
        wanted = "" if times is None else f", not {_times(times)}"
        raise AssertionError(f"{_label(obj)} was loaded {_times(seen)}{wanted}\n{_told()}")


@contextmanager
def nothing_computed() -> Iterator[None]:
    """Fail the test (in pytest's way) as soon as anything is about to be computed in this process inside the block."""
    import pytest

    def refuse() -> None:
        running = faults.running()
        pytest.fail(f"{NO_COMPUTE}: this test computes {running.label if running else 'an artifact'}")

    with faults.at("create.begin", refuse):
        yield


def told_computed() -> str | None:
    """Return a sentence about what was computed in this test so far, or None when that is nothing."""
    ran = sum(did.computed for did in trace())
    return f"{NO_COMPUTE}: this test has computed {ran} artifact{'s' * (ran > 1)}\n{_told()}" if ran else None


def _of(what: type[furu.Furu[Any]] | furu.Furu[Any]) -> list[Did]:
    if isinstance(what, type):
        wanted = {names.class_name(what), *_subclasses(what)}
        return [did for did in trace() if did.namespace in wanted]
    return [did for did in trace() if did.furu_hash == what.furu_hash]


def _subclasses(cls: type[Any]) -> Iterator[str]:
    """Yield the names of all classes derived from ``cls``, but for those that cannot have results."""
    for below in cls.__subclasses__():
        try:
            yield names.class_name(below)
        except FuruIdentityError:
            pass
        yield from _subclasses(below)


def _label(obj: furu.Furu[Any]) -> str:
    return f"{obj.furu_ref.label} ({obj.to_python()})"


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _told() -> str:
    did_what = trace()
    lines = [
        f"  {did.namespace.rpartition('.')[2]} {did.furu_hash[:9]} {did.outcome} (pid {did.pid})" for did in did_what
    ]
    left_out = len(lines) - _MOST_TOLD
    if left_out > 0:
        lines = [f"  ... {left_out} more before that", *lines[left_out:]]
    return "\n".join(["what ran in this test:", *(lines or ["  nothing"])])
