"""Child processes: started, watched, stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from furu_testing import children
from furu_testing.children import Child, is_running, is_stopped, until
from furu_testing.contracts.jobs import Beats

if TYPE_CHECKING:
    from pathlib import Path

SLEEPS = "print('ready'); import time; time.sleep(600)"


def test_a_child_is_run_to_its_end(tmp_path: Path) -> None:
    """Its status and what it wrote are there to look at, and ok() gives the lines of a good one."""
    code = """
        import sys
        print("one")
        print("two", flush=True)
        print("trouble", file=sys.stderr)
        sys.exit(int(sys.stdin.read() or 0))
    """
    with Child.python(code, report=tmp_path / "child") as child:
        ended = child.end()

    assert ended.ok() == ended.lines == ["one", "two"]
    assert (ended.status, ended.err) == (0, "trouble\n")
    assert child.end() is ended
    assert not child.running()


def test_a_child_that_fails_shows_why(tmp_path: Path) -> None:
    """ok() of a bad one is an assertion error with status, output and traceback."""
    with Child.python("print('so far'); 1 / 0", report=tmp_path / "child") as child:
        ended = child.end()

    with pytest.raises(AssertionError, match=r"exit status 1\n--- out\nso far\n\n--- err\n(?s:.*)ZeroDivisionError"):
        ended.ok()


def test_a_child_can_import_what_the_test_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the test's path and environment, and variables of its own."""
    (tmp_path / "beside_the_test.py").write_text("name = 'found'")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OF_THE_TEST", "1")
    code = "import os, beside_the_test; print(beside_the_test.name, os.environ['OF_THE_TEST'], os.environ['MORE'])"

    with Child.python(code, report=tmp_path / "child", env={"MORE": "2"}, cwd="/") as child:
        assert child.end().ok() == ["found 1 2"]


def test_any_program_may_be_a_child(tmp_path: Path) -> None:
    """A child need not be Python."""
    with Child(["/bin/sh", "-c", "echo $0; exit 3"], report=tmp_path / "child") as child:
        assert (child.end().status, child.out) == (3, "/bin/sh\n")


def test_a_child_is_killed(tmp_path: Path) -> None:
    """After kill() it is gone, by the signal and without clean-up; it cannot be killed twice."""
    code = f"try:\n    {SLEEPS}\nfinally:\n    print('cleaned up')"
    with Child.python(code, report=tmp_path / "child") as child:
        child.wait_for("ready")
        assert child.running()
        assert is_running(child.pid)

        child.kill()

        assert (child.end().status, child.out) == (-signal.SIGKILL, "ready\n")
        assert not is_running(child.pid)
        with pytest.raises(AssertionError, match="has ended with status -9"):
            child.kill()


def test_a_kill_that_comes_too_late_is_told(tmp_path: Path) -> None:
    """A test that meant to kill a child, and found it ended by itself, fails."""
    with Child.python("print('done')", report=tmp_path / "child") as child:
        until(lambda: not child.running())
        with pytest.raises(AssertionError, match="ended with status 0 before it was killed"):
            child.kill()


def test_a_child_is_stopped_and_goes_on(tmp_path: Path, furu_tmp_root: Path) -> None:
    """After stop() it stands still, after go_on() it does not."""
    beats = Beats(directory=tmp_path)
    code = f"""
        from pathlib import Path
        from furu_testing.contracts.jobs import Beats
        print(Beats(directory=Path({str(tmp_path)!r})).get())
    """
    with Child.python(code, report=tmp_path / "child") as child:
        until(lambda: beats.beats > 1)
        child.stop()
        assert is_stopped(child.pid)
        assert is_running(child.pid)
        seen = beats.beats

        child.go_on()

        until(lambda: beats.beats > seen)
        assert not is_stopped(child.pid)
        (tmp_path / "enough").touch()
        assert child.end().ok() == [str(child.pid)]


def test_a_child_takes_its_own_children_with_it(tmp_path: Path) -> None:
    """What is left of its process group is killed at its end, and at the end of the block."""
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).pid)"
    with Child.python(code, report=tmp_path / "one") as child:
        grandchild = int(child.end().lines[0])
        until(lambda: not is_running(grandchild))
    with Child.python(code + f"; {SLEEPS}", report=tmp_path / "two") as child:
        child.wait_for("ready")
        grandchild = int(child.out.splitlines()[0])
    until(lambda: not is_running(grandchild))
    assert not is_running(child.pid)


def test_waiting_for_what_never_comes_shows_what_came(tmp_path: Path) -> None:
    """A child that ends, or says something else, fails the wait with all it wrote."""
    with Child.python("print('something else')", report=tmp_path / "child") as child:
        with pytest.raises(AssertionError, match=r"waiting for 'ready' of pid \d+\n--- out\nsomething else"):
            child.wait_for("ready")
        with pytest.raises(AssertionError, match="waiting for"):
            child.wait_until_waiting()
    with Child.python(SLEEPS, report=tmp_path / "sleeper") as child:
        with pytest.raises(AssertionError, match=r"after 0\.01 s: waiting for 'ready, steady'"):
            child.wait_for("ready, steady", timeout_sec=0.01)
        with pytest.raises(AssertionError, match="waiting for 'its end'"):
            child.end(timeout_sec=0.01)


def test_a_condition_that_never_comes_true() -> None:
    """It is an assertion error after the time-out, with the text the test gives."""
    with pytest.raises(AssertionError, match=r"after 0\.01 s: tea"):
        until(lambda: False, timeout_sec=0.01, what=lambda: "tea")


@pytest.mark.parametrize("proc", [True, False], ids=["by /proc", "by ps"])
def test_what_a_process_does_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, proc: bool) -> None:
    """Running, stopped, ended and not yet waited for, gone: with and without a /proc."""
    if proc and not os.path.isdir("/proc/self"):
        pytest.skip("there is no /proc here")
    if not proc:
        monkeypatch.setattr(children, "_PROC", "/there/is/no/proc")
    process = subprocess.Popen([sys.executable, "-c", SLEEPS], stdout=subprocess.DEVNULL)
    try:
        assert (is_running(process.pid), is_stopped(process.pid)) == (True, False)
        process.send_signal(signal.SIGSTOP)
        until(lambda: is_stopped(process.pid))
        assert is_running(process.pid)
    finally:
        process.kill()
    until(lambda: not is_running(process.pid))
    process.wait()
    assert (is_running(process.pid), is_stopped(process.pid)) == (False, False)
