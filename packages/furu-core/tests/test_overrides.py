"""Overrides of results: what stands in for an artifact, where, and until when."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import furu
from furu.runtime import overrides


class Inner(furu.Furu[str]):
    """A dependency that must not be computed."""

    def _create(self) -> str:
        raise AssertionError("computed")


class Outer(furu.Furu[str]):
    """An artifact that needs it."""

    inner: Inner = furu.field(default_factory=Inner)

    def _create(self) -> str:
        return f"with {self.inner.get()}"


@pytest.mark.usefixtures("furu_tmp_root")
def test_an_override_is_what_every_verb_sees() -> None:
    """get, exists, load_existing and try_load use the value, and nothing touches the store."""
    with overrides.installed({Inner().furu_hash: "stub"}):
        assert Inner().get() == "stub"
        assert Inner().exists()
        assert Inner().load_existing() == "stub"
        assert Inner().try_load() == "stub"
        assert Outer().get() == "with stub"
        assert not Inner().furu_dir.exists()
    assert not Inner().exists()


@pytest.mark.usefixtures("furu_tmp_root")
def test_overrides_nest_and_end() -> None:
    """An inner block adds to the outer one and everything is as before afterwards, also after an error."""
    key = Inner().furu_hash
    with overrides.installed({key: "outer"}):
        with contextlib.suppress(KeyError), overrides.installed({key: None, "other": 1}):
            assert Inner().get() is None
            raise KeyError
        assert Inner().get() == "outer"
        assert overrides.active() == {key: "outer"}
    assert overrides.active() == {}


@pytest.mark.usefixtures("furu_tmp_root")
def test_threads_started_inside_see_overrides() -> None:
    """An override is the process's, not the thread's."""
    with overrides.installed({Inner().furu_hash: "stub"}), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: Inner().get(), range(4))) == ["stub"] * 4
