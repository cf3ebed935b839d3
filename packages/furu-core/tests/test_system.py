"""What the system gives: streams that are gone, embedded interpreters, odd files, refusals."""

from __future__ import annotations

import errno
import io
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu import config
from furu._sys import files, process, terminal
from furu.runtime import logfile, tracebacks
from furu.storage import provenance

if TYPE_CHECKING:
    from pathlib import Path


def closed() -> io.StringIO:
    """Return a stream that was closed."""
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.fixture(params=[lambda: None, closed, object], ids=["absent", "closed", "no stream"])
def no_stderr(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take stderr away."""
    monkeypatch.setattr(sys, "stderr", request.param())


def test_what_is_told_appears_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr says who speaks."""
    terminal.tell("all is well")
    assert capsys.readouterr().err == "furu: all is well\n"


@pytest.mark.usefixtures("no_stderr")
def test_without_stderr_nothing_is_told_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the scratch root, nor a log that cannot be written, nor the hook for tracebacks needs one."""
    terminal.tell("nobody hears")
    assert not terminal.is_terminal(sys.stderr)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    assert not tracebacks.install_excepthook()
    monkeypatch.setattr(config, "_scratch", None)
    assert config.scratch_root().is_dir()
    (tmp_path / "furu.log").mkdir()
    logfile.LogFile(str(tmp_path / "furu.log")).write(logging.makeLogRecord({"msg": "lost"}))
    furu.configure_logging()
    logging.getLogger("furu").warning("heard by nobody")


class Square(furu.Furu[int]):
    """A small artifact."""

    n: int = 2

    def _create(self) -> int:
        return self.n**2


@pytest.mark.parametrize("argv", ["missing", None, [], ["x", 3]])
def test_an_embedded_interpreter_need_not_have_a_command_line(
    argv: Any, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact is created where ``sys.argv`` is missing and ``sys.executable`` is unknown."""
    assert Square(n=1).get() == 1  # the helper for heartbeats, which is a Python program, runs now
    if argv == "missing":
        monkeypatch.delattr(sys, "argv")
    else:
        monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "executable", None)
    monkeypatch.setattr(process, "_me", None)
    monkeypatch.setattr(provenance, "_of_process", None)

    assert Square().get() == 4

    words = ["x", "3"] if argv == ["x", 3] else []
    assert process.me().command == " ".join(["python", *words])
    found = Square().get_metadata()
    assert (found.command, found.executable) == (" ".join(words), "")


class Leftovers(furu.Furu[int]):
    """Leaves what is no regular file in its directory."""

    def _create(self) -> int:
        (self.furu_dir / "deep").mkdir()
        (self.furu_dir / "deep" / "file").write_text("x")
        os.mkfifo(self.furu_dir / "pipe")
        (self.furu_dir / "gone").symlink_to("/nonexistent")
        (self.furu_dir / "loop").symlink_to(self.furu_dir)
        here = os.open(self.furu_dir, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"/proc/self/fd/{here}/socket")  # the name of a socket has to be short
        os.close(here)
        return 1


def test_sockets_pipes_and_links_do_not_hinder_publication(furu_tmp_root: Path) -> None:
    """Only regular files and directories are flushed to the disk."""
    furu.FURU_CONFIG.fsync = "always"

    assert Leftovers().get() == 1
    assert Leftovers().exists()


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EROFS])
def test_what_cannot_be_flushed_is_left_to_the_file_system(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems flush no directories; a disk that fails is an error all the same."""

    def refuse(number: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", lambda _: refuse(code))
    files.sync_tree(str(tmp_path))
    monkeypatch.setattr(os, "fsync", lambda _: refuse(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        files.sync_tree(str(tmp_path))


def test_a_refusal_of_the_system_has_its_own_remedy() -> None:
    """A path that is too long and a limit that is reached need something else than permissions."""
    for code, word in ((errno.ENAMETOOLONG, "shorten"), (errno.EMFILE, "ulimit -n"), (errno.ENOSPC, "make room")):
        assert word in files.remedy(OSError(code, ""), "let this user write there")
    assert files.remedy(OSError(errno.EACCES, ""), "let this user write there") == "let this user write there"
    assert files.remedy(OSError("no number"), "look") == "look"
