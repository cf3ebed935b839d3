"""``run_local`` as users meet it: results, failures, arguments, what reaches the workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import local_pipelines as p
import pytest

import furu
from furu.execution import run_local
from furu_exec_local import process
from furu_testing import override_results


@pytest.fixture(autouse=True)
def _store(furu_tmp_root: Path) -> None:
    furu.FURU_CONFIG.max_compute_retries = 0


def test_what_is_missing_is_built_once(backend: str) -> None:
    """Shared dependencies are built once, what is there already is left alone, and results are right."""
    shared = p.Leaf(n=1)
    p.Leaf(n=2).get()
    roots = [p.Sum(name="a", below=[shared, p.Leaf(n=2)]), p.Sum(name="b", below=[shared])]
    run_local(roots, backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert [root.load_existing() for root in roots] == [4, 2]
    assert Counter(p.noted("created")) == Counter(["Leaf 1", "Leaf 2", "Sum a", "Sum b"])
    run_local(roots, backend=backend)  # type: ignore[arg-type]
    assert len(p.noted("created")) == 4


def test_a_furu_list_is_a_list_of_roots() -> None:
    """A class of experiments is accepted as it is."""

    class Experiments(furu.FuruList[p.Leaf]):
        one = p.Leaf(n=1)
        two = p.Leaf(n=2)

    run_local(Experiments, backend="thread")
    assert all(one.exists() for one in Experiments)


def test_nothing_to_do_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """Without roots, or with everything built, nothing is started and nothing is said; progress=True says so."""
    run_local([])
    p.Leaf().get()
    capfd.readouterr()
    run_local([p.Leaf()])
    assert capfd.readouterr() == ("", "")
    run_local([p.Leaf()], progress=True)
    assert "Leaf" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("max_workers", 0),
        ("max_workers", 2.5),
        ("max_workers", True),
        ("window_size", "both"),
        ("window_size", 0),
        ("poll_interval_sec", 0),
        ("poll_interval_sec", "1"),
        ("plan_refresh_interval_sec", -1),
        ("underutilized_reconcile_interval_sec", float("nan")),
        ("external_poll_interval_sec", float("inf")),
        ("backend", "fork"),
        ("keep_going", 1),
        ("progress", "yes"),
        ("resources", 3),
        ("resources", {"gpu": 1}),
        ("resources", {"cpus": -1}),
        ("resources", {"cpus": 1.5}),
    ],
)
def test_a_bad_argument_is_named(argument: str, value: Any) -> None:
    """The error names the argument, and nothing has begun."""
    with pytest.raises((TypeError, ValueError), match=argument):
        run_local([p.Leaf()], **{argument: value})
    with pytest.raises(TypeError, match=r"roots\[0\]"):
        run_local([3])
    assert p.noted("created") == []


def test_the_backend_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """FURU_LOCAL_BACKEND decides where the argument does not; a bad value is named."""
    furu.FURU_CONFIG.local_backend = "thread"
    run_local([p.Settings(n=1)])
    furu.FURU_CONFIG.local_backend = "process"
    run_local([p.Settings(n=2)])
    here = {n: p.Settings(n=n).get()["pid"] == str(os.getpid()) for n in (1, 2)}
    assert here == {1: True, 2: False}
    monkeypatch.setenv("FURU_LOCAL_BACKEND", "fork")
    del furu.FURU_CONFIG.local_backend
    furu.FURU_CONFIG.reread()
    with pytest.raises(furu.FuruConfigError, match="FURU_LOCAL_BACKEND"):
        run_local([p.Leaf()])


def test_a_failure_says_what_where_and_how_to_go_on(backend: str) -> None:
    """The error names node, directory, kind, the end of the log, and a command that works; it is of the original's class."""
    failing = p.Failing(n=7, lines=30)
    with pytest.raises(ZeroDivisionError) as caught:
        run_local([p.Sum(below=[failing])], backend=backend)  # type: ignore[arg-type]
    error = caught.value
    assert isinstance(error, furu.FuruComputeError)
    assert isinstance(error.__cause__, ZeroDivisionError)
    text = str(error)
    assert failing.furu_ref.label in text
    assert str(failing.furu_dir) in text
    assert "(error): ZeroDivisionError: no 7" in text
    assert "ZeroDivisionError: no 7" in text.split("furu.log ends:")[1]
    assert "not computed for that reason: 1 artifact more" in text
    command = next(line for line in text.splitlines() if "try it alone: " in line).partition("alone: ")[2]
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("FURU_", "PYTHON"))}
    bare["FURU_RECORD_GIT"] = "ignore"  # this repository may have no remote
    again = subprocess.run(command, shell=True, env=bare, capture_output=True, text=True, check=False)
    assert "ZeroDivisionError: no 7" in again.stderr
    assert p.noted("created") == ["Failing 7"] * 2


def test_retries_are_bounded_by_the_settings(backend: str) -> None:
    """A failing node is tried FURU_MAX_COMPUTE_RETRIES times more, and not at all with FURU_RETRY_FAILED=0."""
    furu.FURU_CONFIG.max_compute_retries = 2
    with pytest.raises(furu.FuruComputeError, match="in each of 3 attempts"):
        run_local([p.Failing()], backend=backend)  # type: ignore[arg-type]
    assert len(p.noted("created")) == 3
    furu.FURU_CONFIG.retry_failed = False
    with pytest.raises(furu.FuruComputeError):
        run_local([p.Failing(n=1)], backend=backend)  # type: ignore[arg-type]
    assert len(p.noted("created")) == 4


def test_what_is_no_exception_is_a_failure_as_well(backend: str) -> None:
    """``asyncio.CancelledError`` and its like fail the node; the run goes on."""
    with pytest.raises(furu.FuruComputeError, match=r"\(error\): CancelledError: given up"):
        run_local([p.RaisesNoException(), p.Leaf()], backend=backend, keep_going=True)  # type: ignore[arg-type]
    assert p.Leaf().exists()


def test_many_failures_are_told_in_short() -> None:
    """The first few with all there is to know, the others in two lines each; none is left out."""
    roots = [p.Failing(n=n) for n in range(12)]
    with pytest.raises(furu.FuruComputeError, match="12 artifacts could not be computed") as caught:
        run_local(roots, backend="thread", keep_going=True)
    text = str(caught.value)
    assert all(f"{root.furu_ref.label} failed (error): ZeroDivisionError: no {root.n}" in text for root in roots)
    assert all(str(root.furu_dir) in text for root in roots)
    assert text.count("try it alone:") == 5
    assert all("try it alone:" in str(failure) for failure in caught.value.failures)  # type: ignore[attr-defined]


def test_a_worker_that_cannot_begin_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words are told, and not that it was killed."""
    monkeypatch.setattr(process, "_BOOT", str(Path(__file__).with_name("broken_boot.py")))
    with pytest.raises(furu.FuruComputeError, match="exited with status 1") as caught:
        run_local([p.Leaf()], backend="process")
    assert "RuntimeError: no worker today" in str(caught.value)
    assert "SIGKILL" not in str(caught.value)


def test_an_error_that_cannot_travel_is_told_in_words() -> None:
    """What cannot be pickled arrives as text."""
    with pytest.raises(furu.FuruComputeError, match="1 and 2"):
        run_local([p.RaisesUnpicklable()], backend="process")


def test_what_is_in_force_reaches_the_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overrides, settings made in Python, the log level, the store and the command line are those of the parent."""
    furu.FURU_CONFIG.wait_log_every_sec = 12.5
    furu.FURU_CONFIG.log_level = "ERROR"
    monkeypatch.setattr(sys, "argv", ["my_program", "--fast"])
    part = p.Leaf(n=5)
    with override_results({part: 41}):
        run_local([p.Settings(), p.Sum(name="over", below=[part])], backend="process", max_workers=2)
    assert p.Sum(name="over", below=[part]).load_existing() == 42
    found = p.Settings().load_existing()
    assert found["wait"] == "12.5"
    assert found["level"] == "ERROR"
    assert found["root"] == str(furu.get_furu_root())
    assert found["argv"] == "my_program --fast"
    assert found["pid"] != str(os.getpid())


def test_what_children_print_arrives_whole(capfd: pytest.CaptureFixture[str]) -> None:
    """Lines of stdout and stderr come out line by line on the stream they were meant for; logs land in furu.log as well."""
    run_local([p.Talker(n=n) for n in range(3)], backend="process", max_workers=2)
    out, err = capfd.readouterr()
    assert sorted(out.splitlines()) == sorted([*(f"printed by {n}" for n in range(3)), *["written past Python"] * 3])
    for n in range(3):
        assert any(line.endswith(f"warned by {n}") for line in err.splitlines())
        assert f"warned by {n}" in (p.Talker(n=n).furu_dir / ".furu" / "furu.log").read_text()
    assert err.count("100 %\n") == 3
    assert "50 %" not in err


def test_the_very_objects_are_used_in_threads() -> None:
    """Thread mode runs the objects given, not copies."""
    leaf = p.Leaf(n=3)
    seen: list[Any] = []
    original = p.Leaf._create

    def watched(self: p.Leaf) -> int:
        seen.append(self)
        return int(original(self))

    p.Leaf._create = watched  # type: ignore[method-assign]
    try:
        run_local([leaf], backend="thread")
    finally:
        p.Leaf._create = original  # type: ignore[method-assign]
    assert len(seen) == 1
    assert seen[0] is leaf


def test_a_run_inside_a_job_is_refused(backend: str) -> None:
    """run_local in a _create that an executor runs says what to do instead."""
    with pytest.raises(furu.FuruComputeError, match="run_local was called inside"):
        run_local([p.Nested()], backend=backend)  # type: ignore[arg-type]


def test_a_graph_is_sent_object_by_object() -> None:
    """Equal objects of their own, excluded fields and shared ones arrive as they are."""
    deep = p.chain(600)
    run_local([deep], backend="process", max_workers=2, progress=False)
    assert deep.load_existing() == 600
