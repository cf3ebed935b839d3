"""Records go to the log of the artifact whose code made them; the application's set-up stays its own."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from furu import config
from furu.runtime import announcing
from furu.runtime.logging import announce, artifact_log, write_record
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from pathlib import Path

REF = ArtifactRef("data", "my_project.TrainModel", "0123456789abcdef0123")


def run(code: str, directory: Path, *, terminal: bool = False, **env: str) -> tuple[str, int]:
    """Run a program of its own and return what it writes to stderr, and how it ends."""
    script = directory / "app.py"
    script.write_text(textwrap.dedent(code))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}
    clean |= {"TERM": "xterm-256color", "COLUMNS": "200", **env}
    if not terminal:
        done = subprocess.run(
            [sys.executable, str(script)], cwd=directory, env=clean, stderr=subprocess.PIPE, check=False, timeout=60
        )
        return done.stderr.decode(), done.returncode
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, str(script)], cwd=directory, env=clean, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end of a terminal is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return shown.decode().replace("\r\n", "\n"), child.returncode


@pytest.fixture
def settings(furu_tmp_root: Path) -> config.FuruConfig:
    """Give the settings; they are put back afterwards."""
    return config.current()


# Capture


def test_records_of_any_logger_from_info_up_are_captured(tmp_path: Path) -> None:
    """Every logger's records at INFO and above go to the file, though root is at WARNING; DEBUG ones do not."""
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        logging.getLogger("a.library").info("from a library")
        logging.getLogger().warning("from root")
        logging.getLogger("a.library").debug("too small")

    lines = path.read_text().splitlines()
    assert [[*line.split(" ", 4)[1:3], line.split(" ", 4)[4]] for line in lines] == [
        ["INFO", "a.library", "from a library"],
        ["WARNING", "root", "from root"],
    ]


def test_debug_records_are_captured_when_the_log_level_says_so(tmp_path: Path, settings: config.FuruConfig) -> None:
    """``FURU_LOG_LEVEL=DEBUG`` brings DEBUG records into the file."""
    settings.log_level = "DEBUG"
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        logging.getLogger("a.library").debug("a detail")

    assert path.read_text().endswith(" a detail\n")


def test_a_line_has_time_level_logger_place_and_message(tmp_path: Path) -> None:
    """One line is ISO time in UTC, level, logger, file:line, message."""
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        logging.getLogger("my.logger").error("it is %d", 3)

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z ERROR my\.logger test_logging\.py:\d+ it is 3\n", path.read_text()
    )


def test_tracebacks_and_stacks_are_captured(tmp_path: Path) -> None:
    """``log.exception`` brings the traceback, ``stack_info`` the stack."""
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        try:
            raise KeyError("gone")
        except KeyError:
            logging.getLogger("x").exception("failed")
        logging.getLogger("x").info("here", stack_info=True)

    text = path.read_text()
    assert "failed\nTraceback (most recent call last):" in text
    assert "KeyError: 'gone'\n" in text
    assert "here\nStack (most recent call last):" in text


def test_a_nested_artifact_has_its_own_log(tmp_path: Path) -> None:
    """Records go to the innermost artifact's log, and to the outer one's again afterwards."""
    log = logging.getLogger("nested")

    with artifact_log(str(tmp_path / "outer")):
        log.info("one")
        with artifact_log(str(tmp_path / "inner")):
            log.info("two")
        log.info("three")

    assert [line.rpartition(" ")[2] for line in (tmp_path / "outer").read_text().splitlines()] == ["one", "three"]
    assert [line.rpartition(" ")[2] for line in (tmp_path / "inner").read_text().splitlines()] == ["two"]


def test_silence_leaves_no_file(tmp_path: Path) -> None:
    """An artifact whose code logs nothing has no log file."""
    with artifact_log(str(tmp_path / "furu.log")):
        pass

    assert list(tmp_path.iterdir()) == []


def test_threads_follow_their_context(tmp_path: Path) -> None:
    """A thread that runs in a copy of the context is inside the artifact; a bare one is not."""
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        inside = threading.Thread(target=contextvars.copy_context().run, args=(logging.info, "inside"))
        outside = threading.Thread(target=logging.info, args=("outside",))
        for thread in (inside, outside):
            thread.start()
            thread.join()

    assert [line.rpartition(" ")[2] for line in path.read_text().splitlines()] == ["inside"]


def test_threads_and_tasks_that_create_at_once_keep_apart(tmp_path: Path) -> None:
    """Two artifacts created at the same time, by threads or by asyncio tasks, each have their own records."""
    both = threading.Barrier(2, timeout=30)

    def create(name: str) -> None:
        with artifact_log(str(tmp_path / name)):
            both.wait()
            logging.getLogger(name).info(name)
            both.wait()

    async def create_async(name: str) -> None:
        with artifact_log(str(tmp_path / name)):
            await asyncio.sleep(0)
            logging.getLogger(name).info(name)
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(create_async("c"), create_async("d"))

    threads = [threading.Thread(target=create, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(main())

    for name in "abcd":
        assert [line.rpartition(" ")[2] for line in (tmp_path / name).read_text().splitlines()] == [name]


def test_loggers_that_do_not_propagate_are_captured(tmp_path: Path) -> None:
    """A library that keeps its records from root is heard, and has its handlers back afterwards."""
    log = logging.getLogger("keeps.to.itself")
    log.propagate = False
    log.addHandler(logging.NullHandler())
    before = log.handlers, list(log.handlers)

    with artifact_log(str(tmp_path / "furu.log")):
        log.info("hello")

    assert (tmp_path / "furu.log").read_text().endswith(" hello\n")
    assert (log.handlers, list(log.handlers)) == before
    assert log.handlers is before[0]


def test_a_logger_keeps_its_own_level(tmp_path: Path) -> None:
    """A logger that was set to WARNING says nothing at INFO, captured or not."""
    log = logging.getLogger("quiet")
    log.setLevel(logging.WARNING)

    with artifact_log(str(tmp_path / "furu.log")):
        log.info("nothing")
        log.warning("something")

    assert [line.rpartition(" ")[2] for line in (tmp_path / "furu.log").read_text().splitlines()] == ["something"]


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that changes the working directory does not move the log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    with artifact_log("furu.log"):
        os.chdir("elsewhere")
        logging.warning("still here")

    assert (tmp_path / "furu.log").exists()


def test_removing_file_or_directory_does_not_disturb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is removed begins anew; without its directory, records are dropped without a word."""
    meta = tmp_path / ".furu"
    meta.mkdir()

    with artifact_log(str(meta / "furu.log")):
        logging.warning("one")
        (meta / "furu.log").unlink()
        logging.warning("two")
        again = (meta / "furu.log").read_text()
        (meta / "furu.log").unlink()
        meta.rmdir()
        logging.warning("three")

    assert again.endswith(" two\n")
    assert not meta.exists()
    assert "furu" not in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that cannot be written costs one line on stderr, not the computation."""
    full = tmp_path / "furu.log"
    full.symlink_to("/dev/full")

    with artifact_log(str(full)):
        logging.warning("one")
        logging.warning("two")

    assert capsys.readouterr().err.splitlines() == [
        f"furu: log records are lost, {full} cannot be written: [Errno 28] No space left on device"
    ]


def test_a_log_call_that_cannot_be_formatted_is_recorded_raw(tmp_path: Path) -> None:
    """A message whose arguments do not fit, or with undecodable bytes, still leaves a line."""
    code = """
        import logging
        from furu.runtime.logging import artifact_log

        with artifact_log("furu.log"):
            logging.info("wrong %d", "text")
            logging.info("odd \\udcff")
    """

    shown, ended = run(code, tmp_path)

    assert (shown, ended) == ("", 0)
    first, second = (tmp_path / "furu.log").read_text().splitlines()
    assert first.endswith(" wrong %d (its arguments do not fit)")
    assert second.endswith(" odd \\udcff")


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """What was logged before a SIGKILL is in the file."""
    code = """
        import logging, os, signal
        from furu.runtime.logging import artifact_log

        with artifact_log("furu.log"):
            logging.info("last words")
            os.kill(os.getpid(), signal.SIGKILL)
    """

    _, ended = run(code, tmp_path)

    assert ended == -signal.SIGKILL
    assert (tmp_path / "furu.log").read_text().endswith(" last words\n")


def test_a_forked_child_writes_to_the_same_log(tmp_path: Path) -> None:
    """Worker processes forked inside ``_create`` are captured as well."""
    code = """
        import logging, os
        from furu.runtime.logging import artifact_log

        with artifact_log("furu.log"):
            child = os.fork()
            if not child:
                logging.info("child")
                os._exit(0)
            os.waitpid(child, 0)
            logging.info("parent")
    """

    run(code, tmp_path)

    assert [line.rpartition(" ")[2] for line in (tmp_path / "furu.log").read_text().splitlines()] == ["child", "parent"]


# The application's own set-up


def test_everything_is_put_back(tmp_path: Path) -> None:
    """After the last artifact, levels, handlers and filters are what they were, also when ``_create`` raised."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    handlers, seen = root.handlers, list(root.handlers)
    before = root.level, list(root.filters), [list(one.filters) for one in seen]

    with pytest.raises(ZeroDivisionError), artifact_log(str(tmp_path / "a")), artifact_log(str(tmp_path / "b")):
        _ = 1 / 0

    assert (root.level, list(root.filters), [list(one.filters) for one in seen]) == before
    assert root.handlers is handlers
    assert root.handlers == seen
    root.removeHandler(handler)


class Collecting(logging.Handler):
    """Keeps the messages it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


def test_the_applications_handlers_see_what_its_levels_let_through(tmp_path: Path) -> None:
    """While records are captured, a handler receives exactly what it would have received without furu."""
    root, on_root, on_logger = logging.getLogger(), Collecting(), Collecting()
    root.addHandler(on_root)
    logging.getLogger("app").addHandler(on_logger)
    logging.getLogger("app.loud").setLevel(logging.INFO)

    def talk() -> None:
        for name in ("app", "app.loud", "other"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                logging.getLogger(name).log(level, "%s %d", name, level)

    talk()
    expected = list(on_root.messages), list(on_logger.messages)
    on_root.messages.clear()
    on_logger.messages.clear()
    with artifact_log(str(tmp_path / "furu.log")):
        talk()

    assert expected == (["app 30", "app.loud 20", "app.loud 30", "other 30"], ["app 30", "app.loud 20", "app.loud 30"])
    assert (on_root.messages, on_logger.messages) == expected
    assert len((tmp_path / "furu.log").read_text().splitlines()) == 6
    root.removeHandler(on_root)
    logging.getLogger("app").removeHandler(on_logger)


def test_a_handler_added_inside_is_treated_like_the_others_and_stays(tmp_path: Path) -> None:
    """A handler that ``_create`` adds to root sees no INFO at root level WARNING, and is there afterwards, unfiltered."""
    root, added = logging.getLogger(), Collecting()

    with artifact_log(str(tmp_path / "furu.log")):
        root.addHandler(added)
        logging.info("small")
        logging.warning("big")

    assert added.messages == ["big"]
    assert added in root.handlers
    assert added.filters == []
    root.removeHandler(added)


def test_a_root_level_set_inside_stays(tmp_path: Path) -> None:
    """What ``_create`` sets on purpose is not undone."""
    root = logging.getLogger()
    before = root.level

    with artifact_log(str(tmp_path / "furu.log")):
        root.setLevel(logging.ERROR)

    assert root.level == logging.ERROR
    root.setLevel(before)


def test_warnings_without_any_handler_are_still_shown(tmp_path: Path) -> None:
    """What ``logging`` itself prints when nothing is set up is printed while records are captured, once."""
    code = """
        import logging
        from furu.runtime.logging import artifact_log

        with artifact_log("furu.log"):
            logging.getLogger("x").warning("careful")
            logging.getLogger("x").info("unheard")
        logging.getLogger("x").warning("again")
        logging.getLogger("x").info("unheard")
    """

    shown, _ = run(code, tmp_path)

    assert shown == "careful\nagain\n"


# furu's own messages


def test_import_and_silence_need_no_logging(tmp_path: Path) -> None:
    """``import furu`` and a hit that says nothing import neither ``logging`` nor Rich."""
    code = """
        import sys
        import furu
        from furu.runtime.announcing import announce
        from furu.runtime.logging import artifact_log
        from furu.task import ArtifactRef

        announce(ArtifactRef("data", "a.B", "0" * 20), "success->load")
        sys.exit(bool({"logging", "rich"} & set(sys.modules)))
    """

    assert run(code, tmp_path, FURU_LOG_LEVEL="WARNING") == ("", 0)


SPEAKING = """
    import logging
    import furu
    from furu.runtime.announcing import announce
    from furu.task import ArtifactRef
    {before}
    announce(ArtifactRef("data", "a.TrainModel", "abc123def4567890abcd"), "missing->create")
    {after}
"""


def test_the_console_shows_time_place_and_message(tmp_path: Path) -> None:
    """Without a set-up of the application's own, furu's messages go to stderr with the caller's place."""
    shown, _ = run(SPEAKING.format(before="", after="furu.get_logger().debug('detail')"), tmp_path)

    assert re.fullmatch(r"\d{6} app\.py:7 get TrainModel abc123def \(missing->create\)\n", shown)


def test_on_a_terminal_the_same_text_is_coloured(tmp_path: Path) -> None:
    """Rich is used when stderr is a terminal; without its colours the text is the same."""
    shown, _ = run(SPEAKING.format(before="", after=""), tmp_path, terminal=True)

    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert plain != shown
    assert re.fullmatch(r"\d{6} app\.py:7 get TrainModel abc123def \(missing->create\)\n", plain)


def test_the_log_level_quietens_the_console(tmp_path: Path) -> None:
    """``FURU_LOG_LEVEL`` is the console's; a warning passes at WARNING."""
    code = SPEAKING.format(before="", after="furu.get_logger().warning('careful')")

    shown, _ = run(code, tmp_path, FURU_LOG_LEVEL="WARNING")

    assert re.fullmatch(r"\d{6} app\.py:8 careful\n", shown)


@pytest.mark.parametrize("order", ["before", "after"])
def test_an_applications_handlers_replace_the_console(tmp_path: Path, order: str) -> None:
    """Where root has handlers, set up before furu or after, they and their levels decide; nothing comes twice."""
    setup = "logging.basicConfig(level=logging.WARNING, format='APP %(message)s')"
    words = "furu.get_logger().info('small'); furu.get_logger().warning('big')"
    code = (
        SPEAKING.format(before=setup, after=words)
        if order == "before"
        else SPEAKING.format(before="", after=f"{setup}; {words}")
    )

    shown, _ = run(code, tmp_path)

    lines = shown.splitlines()
    assert lines[-1] == "APP big"
    assert len(lines) == (1 if order == "before" else 2)


def test_a_logger_obtained_early_respects_a_later_set_up(tmp_path: Path) -> None:
    """A module may ask for furu's logger before the application sets up its logging."""
    code = """
        import logging, furu
        log = furu.get_logger()
        logging.basicConfig(level=logging.WARNING, format="APP %(message)s")
        log.info("small")
        log.warning("big")
        logging.getLogger("other").info("small")
        print(log.level, log.handlers, flush=True)
    """

    assert run(code, tmp_path) == ("APP big\n", 0)


def test_configuring_twice_changes_nothing(tmp_path: Path) -> None:
    """``configure_logging`` may be called any number of times."""
    code = """
        import furu
        furu.configure_logging()
        furu.configure_logging()
        furu.get_logger().info("once")
    """

    assert len(run(code, tmp_path)[0].splitlines()) == 1


def test_messages_from_a_thread_of_furu_itself_keep_their_place(tmp_path: Path) -> None:
    """Where nobody outside furu and the standard library has called, the place is where the message was written."""
    code = """
        import threading, furu
        log = furu.get_logger()
        thread = threading.Thread(target=log.info, args=("hello",))
        thread.start()
        thread.join()
    """

    shown, _ = run(code, tmp_path)

    assert re.fullmatch(r"\d{6} threading\.py:\d+ hello\n", shown)


def test_announcements_go_to_the_parents_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: config.FuruConfig
) -> None:
    """What a nested ``get()`` says is in the log of the artifact that asked, also when the console is quiet."""
    monkeypatch.setattr(announcing, "_loaded", set())
    settings.log_level = "ERROR"

    with artifact_log(str(tmp_path / "furu.log")):
        announce(REF, "missing->create")

    assert re.search(
        r" INFO furu test_logging\.py:\d+ get TrainModel 012345678 \(missing->create\)\n",
        (tmp_path / "furu.log").read_text(),
    )


def test_every_announcement_is_in_the_log_of_the_artifact_that_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: config.FuruConfig
) -> None:
    """The log of an artifact has every creation and every load that its code asked for, whatever was said before."""
    monkeypatch.setattr(announcing, "_loaded", set())
    path = tmp_path / "furu.log"

    with artifact_log(str(path)):
        for outcome in ("missing->create", "failed->create", "failed->create", "success->load", "success->load"):
            announce(REF, outcome)
    settings.log_level = "DEBUG"
    with artifact_log(str(path)):
        announce(REF, "success->load")

    assert [line.split(" ")[1] for line in path.read_text().splitlines()] == ["INFO"] * 6


def test_memory_of_announcements_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: config.FuruConfig
) -> None:
    """A process that gets artifacts without end forgets what it said."""
    monkeypatch.setattr(announcing, "_loaded", set())
    monkeypatch.setattr(announcing, "_MOST_REMEMBERED", 10)

    for number in range(25):
        announce(ArtifactRef("data", "a.B", f"{number:020x}"), "success->load")

    assert len(announcing._loaded) == 5


def test_a_record_may_be_written_without_capture(tmp_path: Path) -> None:
    """The engine adds the failure itself to an artifact's log."""
    write_record(str(tmp_path / "furu.log"), "TrainModel failed", ValueError("bad"))

    text = (tmp_path / "furu.log").read_text()
    assert " ERROR furu " in text
    assert text.endswith("TrainModel failed\nValueError: bad\n")
