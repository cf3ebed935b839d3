"""Scenario 9: kill -9 at every step of claim, create and publish."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, get_args

import pytest

from furu._sys.steps import Step

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

STEPS = get_args(Step)
PUBLISHED = {"publish.marker", "publish.end"}

#: What is in the store before the process that is killed begins: a task, and code that prepares its artifact.
BEFORE = {
    "nothing": ("Kept(key=key)", "pass"),
    "a dead claim": ("Filed(key=key)", "ended(die_creating, task)"),
    "another kill": ("Filed(key=key)", "ended(die_at, 1 + place * 7 % 25, task)"),
    "a failure": ("Kept(key=key)", "fail(task)"),
    "an older version": ("Twin(key=key)", "publish(task, 'old')"),
}

KILLS = """
    import itertools
    from furu._sys.heartbeat import Heart

    changes = itertools.count(1)

    def die_at(place, task):
        def about_to_change():
            if next(changes) == place:
                os.kill(os.getpid(), signal.SIGKILL)

        def audit(event, args):
            changing = event in ("os.mkdir", "os.rmdir", "os.rename", "os.remove", "os.link", "os.truncate", "os.utime")
            if changing or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                about_to_change()

        def torn_write(fd, content, write=os.write):
            write(fd, content[: len(content) // 2])
            about_to_change()
            return len(content) // 2 + write(fd, content[len(content) // 2 :])

        def late_fsync(fd, fsync=os.fsync):
            about_to_change()
            fsync(fd)

        os.write, os.fsync = torn_write, late_fsync
        sys.addaudithook(audit)
        obtain(task)

    def die_creating(task):
        pipelines.during = lambda task: os.kill(os.getpid(), signal.SIGKILL)
        task.get()

    def fail(task):
        def fail(task):
            raise ValueError("on purpose")
        pipelines.during = fail
        try:
            task.get()
        except ValueError:
            pass
        pipelines.during = lambda task: None

    def publish(task, version):
        (spool() / "version").write_text(version)
        return task.get()

    def obtain(task):
        furu.FURU_CONFIG.always_rerun = {{"pipelines.Twin"}}
        return publish(task, "new")

    def find(task):
        was_there = task.exists()
        value = task.get()
        assert value in (task.key**2, {{"square": task.key**2}}, "old", "new"), value
        assert task.get() == value
        assert was_there or not (task.furu_dir / ".furu" / "compute.lock").exists()

    def ended(work, *args):
        return os.waitstatus_to_exitcode(os.waitpid(forked(work, *args), 0)[1])

    Heart.begin = Heart.end = lambda *_: None  # all is on one host, where heartbeats do not matter
    furu.FURU_CONFIG.fsync = "always"
    furu.FURU_CONFIG.log_level = "WARNING"
    warm_up()
    for place in itertools.count(1):
        key = place
        task = {task}
        {prepare}
        status = ended(die_at, place, task)
        assert ended(find, task) == 0, place
        if status == 0:
            break
        assert status == -signal.SIGKILL, (place, status)
    say(place - 1)
"""


def test_a_kill_at_any_step(stage: Stage) -> None:
    """The next get() of another process has the right value at once, having created it unless it was published."""
    printed = stage.run(f"""
        from furu_testing import faults

        def killed_at(step, task):
            with faults.at(step, faults.crash):
                task.get()

        def get(step, task):
            say(step, task.get())

        warm_up()
        for key, step in enumerate({STEPS}):
            for task in (Filed(key=key), Kept(key=key)):
                assert os.waitpid(forked(killed_at, step, task), 0)[1] == signal.SIGKILL
                assert os.waitpid(forked(get, step, task), 0)[1] == 0
    """)
    expected = [(f"{step} {key**2}", f"{step} {{'square': {key**2}}}") for key, step in enumerate(STEPS)]
    assert printed == [line for pair in expected for line in pair]
    creates = [what for _, what, *_ in stage.notes()]
    begun_at = STEPS.index("create.end")
    for key, step in enumerate(STEPS):
        times = 1 if key < begun_at or step in PUBLISHED else 2  # it is noted where create begins
        assert (step, creates.count(f"Filed-{key}"), creates.count(f"Kept-{key}")) == (step, times, times)
    assert stage.claims() == []


def test_what_a_kill_leaves_is_swept_up_once_it_is_old(stage: Stage) -> None:
    """Half-written claims and records of dead processes disappear when the artifact is next claimed."""
    stage.run("""
        from furu_testing import faults

        with faults.at("claim.prepared", faults.crash):
            os.waitpid(forked(Filed(key=9).get), 0)
    """)
    (aside,) = stage.store.rglob(".furu/compute.lock.*")
    half_written = aside.parent / f"state.json.tmp.{'0' * 32}"
    half_written.write_text("{")
    hour_ago = time.time() - 3600
    for path in (aside, half_written):
        os.utime(path, (hour_ago, hour_ago))
    assert stage.run("say(Filed(key=9).get())") == ["81"]
    assert stage.debris() == []


@pytest.mark.parametrize("before", BEFORE)
def test_a_kill_before_any_change_of_the_store(stage: Stage, before: str) -> None:
    """Between any two changes, and in the middle of any write, a kill makes no wrong hit and blocks nobody.

    The store is fresh, or an attempt was killed or has failed there before, or an older result is being replaced.
    """
    task, prepare = BEFORE[before]
    (places,) = stage.run(KILLS.format(task=task, prepare=prepare))
    assert int(places) > 20
