"""Scenario 11: disks that are full, stores that cannot be written, system calls that fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scenarios.conftest import Stage

REFUSED = "says where says why not published not a success"
SIZE = "512k"


def mount(stage: Stage, options: str) -> None:
    """Mount a small disk at the store, or change how it is mounted."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", stage.store], check=True, capture_output=True)


@pytest.fixture
def disk(stage: Stage) -> Iterator[Stage]:
    """Put the store on a small disk of its own."""
    stage.store.mkdir()
    try:
        mount(stage, f"size={SIZE}")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting a disk takes root: {error}")
    try:
        yield stage
    finally:
        stage.close()
        subprocess.run(["umount", "-l", stage.store], check=True)


@pytest.fixture(params=["disk", "limit"])
def tight(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """Give a store whose children can fill it: on a disk of its own, or by a limit on the size of their files."""
    if request.param == "disk":
        request.getfixturevalue("disk")
    return stage


def test_a_full_disk_before_anything_is_created(tight: Stage) -> None:
    """The error says where, hits go on, and once there is room the same process and any other create."""
    printed = tight.run("""
        from pipelines_more import *

        Filed(key=1).get()
        fill()
        said = refusal(Filed(key=2).get, Filed(key=2)), Filed(key=1).get(), Filed(key=1).exists()
        free()
        say(said[0])
        say(*said[1:], Filed(key=2).get())
    """)
    assert printed == [REFUSED, "1 True 4"]
    assert tight.run("say(Filed(key=1).get(), Filed(key=2).get(), Filed(key=3).get())") == ["1 4 9"]
    assert len(tight.notes()) == 3
    assert tight.debris() == []


@pytest.mark.parametrize(
    ("kind", "where"),
    [("Filed", "in a file of its own"), ("Kept", "when the result is kept"), ("Bare", "when success is recorded")],
)
def test_a_disk_that_fills_up_during_create(tight: Stage, kind: str, where: str) -> None:
    """Nothing is published, whoever meets the full disk; once there is room the next get() computes."""
    printed = tight.run(f"""
        from pipelines_more import *

        pipelines.during = lambda task: fill()
        said = refusal({kind}(key=2).get, {kind}(key=2)), os.listdir({kind}(key=2).furu_dir / ".furu")
        free()
        say(said[0])
        say({kind}(key=2).get_state().result, "compute.lock" in said[1], any(".tmp." in name for name in said[1]))
        pipelines.during = lambda task: None
        {kind}(key=2).get()
        say({kind}(key=2).exists(), {kind}(key=2).get_state().result, {kind}(key=2).get_state().attempt.number)
    """)
    assert printed[0] == REFUSED
    assert printed[1].split()[0] in ("failed", "incomplete"), where
    assert printed[1].split()[1:] == ["False", "False"]
    assert printed[2] == "True success 2"
    assert tight.debris() == []


def test_a_disk_that_is_full_for_the_log_only(tight: Stage) -> None:
    """The computation goes on; one line on stderr says that records are lost."""
    child = tight.start("""
        import logging
        from pipelines_more import *

        def log(task):
            fill()
            for number in range(3):
                logging.getLogger("mine").info("record %d", number)
            free()
            logging.getLogger("mine").info("one more")

        pipelines.during = log
        value = Filed(key=2).get()
        say(value, Filed(key=2).get_state().result)
    """).end()
    assert child.ok() == ["4 success"]
    if os.path.ismount(tight.store):  # the limit holds for stderr as well
        assert child.err.count("log records are lost") == 1
    (log,) = tight.records("furu.log")
    assert [line for line in log.read_text().splitlines() if "record" in line] == []
    assert "one more" in log.read_text()


READ_ONLY = """
    from pipelines_more import *

    {before}
    say(Filed(key=1).get(), Filed(key=1).exists(), Filed(key=1).get_state().result, Kept(key=1).load_existing())
    say(Filed(key=1).get_metadata().furu_hash == Filed(key=1).furu_hash)
    say(refusal(Filed(key=2).get, Filed(key=2)))
    say(refusal(Bare(key=2).get, Bare(key=2)))
    {after}
    say(Filed(key=2).get())
"""


def test_a_read_only_disk(disk: Stage) -> None:
    """Hits are loaded; creating is refused, in a fresh directory and where somebody died, and nothing is left behind."""
    disk.run("say(Filed(key=1).get(), Kept(key=1).get())")
    disk.start("pipelines.during = lambda task: os.kill(os.getpid(), signal.SIGKILL); Filed(key=2).get()").end()
    before = disk.contents()
    mount(disk, "remount,ro")
    child = disk.start(READ_ONLY.format(before="", after="say('done'); hold('writable')"))
    child.wait_for("done")
    assert disk.contents() == before
    mount(disk, f"remount,rw,size={SIZE}")
    disk.touch("writable")
    said = child.end().ok()
    assert said[:2] == ["1 True success {'square': 1}", "True"]
    assert said[2] in (REFUSED, "says where not published not a success")  # the dead claim cannot be removed
    assert said[3:] == [REFUSED, "done", "4"]
    assert disk.debris() == []


def test_a_store_that_may_not_be_written(stage: Stage) -> None:
    """The same where another user owns the store: hits are loaded, creating is refused and named."""
    stage.run("say(Filed(key=1).get(), Kept(key=1).get())")
    said = stage.run(
        READ_ONLY.format(
            before="ordinary(); folders = [one for one in store().rglob('*') if one.is_dir()]\n"
            "    for one in [store(), *folders]: one.chmod(0o555)",
            after="for one in [store(), *folders]: one.chmod(0o755)",
        )
    )
    assert said == ["1 True success {'square': 1}", "True", REFUSED, REFUSED, "4"]
    assert stage.debris() == []


def test_a_disk_that_becomes_read_only_during_create(disk: Stage) -> None:
    """What went wrong first comes out; once the disk can be written the same process creates, and so does another one."""
    child = disk.start("""
        from pipelines_more import *

        pipelines.during = lambda task: (say("creating"), hold("read-only"))
        say(refusal(Filed(key=2).get, Filed(key=2)))
        hold("writable")
        pipelines.during = lambda task: None
        say(Filed(key=2).get())
    """)
    child.wait_for("creating")
    mount(disk, "remount,ro")
    disk.touch("read-only")
    child.wait_for(REFUSED)
    mount(disk, f"remount,rw,size={SIZE}")
    disk.touch("writable")
    assert child.end().ok() == ["creating", REFUSED, "4"]
    assert disk.run("say(Filed(key=2).get())") == ["4"]
    assert disk.debris() == []


# Every single call fails once

AT = 64  # calls of one kind in each process before the one that fails, most of them made in vain

#: Of which calls -> the error, more cases than there are such calls, files that must be among those met.
FAULTS = {
    "write": ("write", "ENOSPC", 20, {"T", "state.json", "events.jsonl", "metadata.json", "own", "furu.log", "result.json"}),
    "rename": ("/^rename", "ENOSPC", 8, {"compute.lock", "state.json", "SUCCESS.json"}),
    "mkdir": ("/^mkdir", "ENOSPC", 6, {"KEY", "compute.lock.T"}),
    "openat": ("openat", "EMFILE", 40, {"compute.lock", "T", "state.json", "metadata.json", "result.json"}),
    "fsync": ("fsync", "EIO", 16, {"T", "own", "result.json", "KEY", ".furu"}),
}  # fmt: skip


def no_tracer(why: str) -> NoReturn:
    """Skip a test; fail where tests must not be skipped."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def failed_calls(log: Path) -> dict[int, str]:
    """Return, by process, the call that was made to fail, with file names for paths; calls made in vain are left out."""
    failed: dict[int, str] = {}
    begun: dict[str, str] = {}
    for line in log.read_text().splitlines():
        pid, _, call = line.partition(" ")
        if "<unfinished" in call:
            begun[pid] = call
        elif " resumed>" in call:
            call = begun.pop(pid, "") + call
        if "INJECTED" in call and not re.search(r"/dev/null(/a|>)", call):
            failed[int(pid)] = re.sub(r"\b[0-9a-f]{32}\b", "T", re.sub(r"\b[0-9a-f]{20}\b", "KEY", call))
    return failed


@pytest.mark.parametrize("call", FAULTS)
def test_any_call_fails(stage: Stage, call: str) -> None:
    """Either the value comes out and is published, or an error that says where; never half of it; then get() works."""
    if not shutil.which("strace"):
        no_tracer("strace is not installed")
    calls, error, cases, files = FAULTS[call]
    log = stage.directory / "calls"
    options = ["-y", "-s300", f"-o{log}", f"-etrace={calls}", f"-einject={calls}:error={error}:when={AT}"]
    ended = stage.start(
        f"from pipelines_more import *\nrefused({call!r}, {cases}, {AT}, *{options})",
        env={"FURU_FSYNC": "always"} if call == "fsync" else {},
    ).end()
    if "not traced" in ended.ok():
        no_tracer(ended.err)
    found = [json.loads(line) for line in ended.lines if line.startswith("{")]
    assert len(found) == cases
    failed = failed_calls(log)
    for one in found:
        where = failed.get(one["pid"], "nowhere")
        assert one["first"] in ("value", "FuruComputeError", "FuruRecordError"), where
        assert one["published"] == (one["first"] == "value"), where
        assert (one["state"] == "success") == one["published"], where
        assert one["debris"] == [], where
        assert one["then"] == [True, "success", one["key"]], where
    met = [failed[one["pid"]] for one in found if one["pid"] in failed]
    assert files <= {name.removesuffix(".tmp.T") for name in re.findall(r'/([^/<>"\s]+)[">]', "\n".join(met))}
    assert len(met) < cases, "there are more calls than cases"
    if call == "write":
        assert ended.err.count("log records are lost") == 1


def test_a_file_system_that_flushes_nothing(stage: Stage) -> None:
    """Where fsync is not supported the artifact is published all the same."""
    if not shutil.which("strace"):
        no_tracer("strace is not installed")
    ended = stage.start(
        """
        from pipelines_more import *

        traced(f"-o{os.devnull}", "-etrace=fsync", "-einject=fsync:error=EINVAL")
        say(Kept(key=2).get(), Kept(key=2).exists())
        """,
        env={"FURU_FSYNC": "always"},
    ).end()
    if "not traced" in ended.ok():
        no_tracer(ended.err)
    assert ended.lines == ["{'square': 4} True"]
