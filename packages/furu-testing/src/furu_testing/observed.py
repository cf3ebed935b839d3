"""What ran in this test: how often artifacts were computed and loaded, in child processes too.

Read from the trace that ``furu_test_env`` (and so ``furu_tmp_root``) has every ``get()`` write.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from furu import config
from furu.identity import names
from furu_testing import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    import furu


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
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
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
    if computed(obj) != times:
        raise AssertionError(f"{_label(obj)} was computed {computed(obj)} times, not {times}\n{_told()}")


def assert_loaded(obj: furu.Furu[Any], *, times: int | None = None) -> None:
    """Fail unless this config was loaded from the store in this test: at least once, or exactly ``times`` times."""
    __tracebackhide__ = True
    seen = loaded(obj)
    if seen != times if times is not None else not seen:
        wanted = "never" if times is None else f"{seen} times, not {times}"
        raise AssertionError(f"{_label(obj)} was loaded {wanted}\n{_told()}")


@contextmanager
def nothing_computed() -> Iterator[None]:
    """Fail the test when anything is computed inside the block; in this process as soon as it begins."""
    import pytest

    def refuse() -> None:
        running = faults.running()
        pytest.fail(f"furu_no_compute: this test computes {running.label if running else 'an artifact'}")

    began = len(trace())
    with faults.at("create.begin", refuse):
        yield
    ran = [did for did in trace()[began:] if did.computed]
    if ran:
        pytest.fail(f"furu_no_compute: this test has computed {len(ran)} artifacts\n{_told()}")


def _of(what: type[furu.Furu[Any]] | furu.Furu[Any]) -> list[Did]:
    if isinstance(what, type):
        wanted = {names.class_name(cls) for cls in _with_subclasses(what)}
        return [did for did in trace() if did.namespace in wanted]
    return [did for did in trace() if did.furu_hash == what.furu_hash]


def _with_subclasses(cls: type) -> Iterator[type]:
    yield cls
    for below in cls.__subclasses__():
        yield from _with_subclasses(below)


def _label(obj: furu.Furu[Any]) -> str:
    return f"{obj.furu_ref.label} ({obj.to_python()})"


def _told() -> str:
    lines = [
        f"  {did.namespace.rpartition('.')[2]} {did.furu_hash[:9]} {did.outcome} (pid {did.pid})" for did in trace()
    ]
    return "\n".join(["what ran in this test:", *(lines or ["  nothing"])])
