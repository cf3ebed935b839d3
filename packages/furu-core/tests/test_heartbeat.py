"""Heartbeats: a helper that serves its owner whatever state the owner's process is in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PREAMBLE = """
import os, signal, sys, time
import psutil
from furu._sys.heartbeat import heart

def touched(path, within=5.0):
    os.utime(path, (0, 0))
    end = time.monotonic() + within
    while time.monotonic() < end:
        if os.stat(path).st_mtime > 0:
            return True
        time.sleep(0.005)
    return False

def helpers():
    lines = {one.pid: " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])}
    return [pid for pid, line in lines.items() if f"beater.py {os.getpid()} " in line]

path = sys.argv[1]
open(path, "w").close()
"""


def run(tmp_path: Path, code: str, *, name: str = "claim", **options: object) -> str:
    """Run code in a process of its own; return what it prints."""
    program = tmp_path / "program.py"
    program.write_text(PREAMBLE + textwrap.dedent(code))
    command = [sys.executable, str(program), str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout) + str(done.stderr)


@pytest.mark.parametrize("name", ["claim", "with space", "new\nline", "ümläut \udcff"])
def test_files_are_touched_whatever_their_name(tmp_path: Path, name: str) -> None:
    """A path may hold anything a file system allows."""
    assert run(tmp_path, "heart().begin(path, 0.05); print(touched(path), touched(path))", name=name) == "True True\n"


def test_an_ended_lease_is_left_alone(tmp_path: Path) -> None:
    """After end() the file is touched no more, others still are, and one helper serves all."""
    code = """
        other = path + ".other"
        open(other, "w").close()
        heart().begin(path, 0.05)
        heart().begin(other, 0.05)
        assert touched(path)
        heart().end(path)
        assert touched(other)  # the helper has looked at the board since
        print(touched(path, 0.7), touched(other), len(helpers()))
    """
    assert run(tmp_path, code) == "False True 1\n"


@pytest.mark.parametrize(
    "trouble",
    [
        "os.close(0)",
        "os.closerange(0, 3)",
        "os.closerange(3, 100)",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    ],
)
def test_a_rough_owner_has_heartbeats(tmp_path: Path, trouble: str) -> None:
    """Closed files and unusual signal settings do not matter."""
    code = f"""
        report = os.dup(1)
        {trouble}
        try:
            os.fstat(report)
        except OSError:
            report = 1
        heart().begin(path, 0.05)
        os.write(report, str(touched(path)).encode())
    """
    assert run(tmp_path, code) == "True"


def test_the_helper_minds_no_signal_but_kill_and_is_replaced(tmp_path: Path) -> None:
    """Signals sent to a whole job do not end it; one that was killed is replaced at the next lease once it is missed."""
    code = """
        import furu._sys.heartbeat as module
        heart().begin(path, 0.05)
        assert touched(path)
        (helper,) = helpers()
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGINT):
            os.kill(helper, number)
        assert touched(path)
        os.kill(helper, signal.SIGKILL)
        module._SILENT_SEC = 0.2
        while not heart()._silent():
            time.sleep(0.01)
        heart().begin(path, 0.05)
        print(touched(path), helpers() != [helper])
    """
    assert run(tmp_path, code) == "True True\n"


@pytest.mark.parametrize("spoil", ["sys.executable = None", "sys.frozen = True", "os.posix_spawn = refuse"])
def test_without_a_helper_a_thread_beats_and_a_warning_says_so(tmp_path: Path, spoil: str) -> None:
    """Where no program can be started the lease is kept all the same."""
    code = f"""
        def refuse(*_, **__):
            raise BlockingIOError(11, "Resource temporarily unavailable")

        {spoil}
        heart().begin(path, 0.05)
        print(touched(path), len(helpers()))
    """
    printed = run(tmp_path, code)
    assert printed.startswith("True 0\n")
    assert printed.count("heartbeat helper cannot be started") == 1


def test_the_helper_ends_with_its_owner(tmp_path: Path) -> None:
    """Nothing is left behind, also when the owner is killed while a child of it lives on."""
    program = tmp_path / "program.py"
    code = """
        heart().begin(path, 0.05)
        assert touched(path)
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        print(helpers()[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    program.write_text(PREAMBLE + textwrap.dedent(code))
    owner = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "claim")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert owner.stdout is not None
    helper = int(owner.stdout.readline())
    assert owner.wait() == -signal.SIGKILL
    try:
        end = time.monotonic() + 10
        while _lives(helper) and time.monotonic() < end:
            time.sleep(0.01)
        assert not _lives(helper)
    finally:
        os.killpg(owner.pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
