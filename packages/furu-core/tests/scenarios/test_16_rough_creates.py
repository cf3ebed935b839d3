"""Scenario 16: a ``_create`` that removes its directory, its records or the whole store, moves elsewhere, closes what it finds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.5


@pytest.mark.parametrize("what", ["task.furu_dir", "os.environ['FURU_PATH']"])
def test_a_create_that_removes_its_directory(stage: Stage, what: str) -> None:
    """What it makes afterwards is published, with state and metadata."""
    printed = stage.run(f"""
        from pipelines_more import *

        def remove(task):
            shutil.rmtree({what})
            if isinstance(task, Filed):
                task.furu_dir.mkdir(parents=True)

        pipelines.during = remove
        for task in Filed(key=6), Kept(key=6):
            say(task.get())
            say(task.exists(), task.get(), task.get_state().result, task.get_state().attempt.status)
            say(task.get_metadata().furu_hash == task.furu_hash, task.get_metadata().result_format)
    """)
    assert printed[:3] == ["36", "True 36 success success", "True None"]
    assert printed[3:] == ["{'square': 36}", "True {'square': 36} success success", "True json"]
    assert len(stage.notes()) == 2
    assert stage.debris() == []


def test_a_dependency_that_removes_the_whole_store(stage: Stage) -> None:
    """Both artifacts are published, the one whose _create was not asked included."""
    printed = stage.run("""
        from pipelines_more import *

        def remove(task):
            if isinstance(task, Filed):
                Kept(key=1).get()
                task.furu_dir.mkdir(parents=True, exist_ok=True)
            else:
                shutil.rmtree(os.environ["FURU_PATH"])

        pipelines.during = remove
        say(Filed(key=6).get(), Filed(key=6).exists(), Kept(key=1).exists())
    """)
    assert printed == ["36 True True"]
    assert len(stage.notes()) == 2
    assert stage.debris() == []


def test_a_create_that_removes_its_directory_and_fails(stage: Stage) -> None:
    """Its own error comes out, nothing is left behind, and the next get() computes."""
    printed = stage.run("""
        from pipelines_more import *

        def remove(task):
            shutil.rmtree(task.furu_dir)
            raise LookupError("where is it?")

        pipelines.during = remove
        try:
            Filed(key=6).get()
        except LookupError as error:
            say(isinstance(error, furu.FuruComputeError), Filed(key=6).get_state().result)
        pipelines.during = lambda task: None
        say(Filed(key=6).get())
    """)
    assert printed == ["True absent", "36"]
    assert stage.debris() == []


@pytest.mark.parametrize("finished", [True, False])
def test_somebody_else_begins_where_the_directory_was(stage: Stage, finished: bool) -> None:
    """The one that removed it publishes nothing and touches nothing of the successor's, which publishes."""
    remover = stage.start("""
        from pipelines_more import *

        def remove(task):
            shutil.rmtree(task.furu_dir)
            say("removed")
            hold("go")
            task.furu_dir.mkdir(exist_ok=True)

        pipelines.during = remove
        try:
            Kept(key=6).get()
        except furu.FuruLeaseLost as error:
            say("lost", str(Kept(key=6).furu_dir) in str(error))
    """)
    remover.wait_for("removed")
    successor = stage.start("""
        pipelines.during = lambda task: (say("creating"), hold("finish"), (task.furu_dir / "mine").write_text("mine"))
        say(Kept(key=6).get())
    """)
    successor.wait_for("creating")
    if finished:
        stage.touch("finish")
        assert successor.end().ok() == ["creating", "{'square': 36}"]
    before = stage.contents()
    stage.touch("go")
    assert remover.end().ok() == ["removed", "lost True"]
    assert stage.contents() == before
    if not finished:
        stage.touch("finish")
        assert successor.end().ok() == ["creating", "{'square': 36}"]
    assert len(stage.notes()) == 2
    assert stage.run("say(Kept(key=6).exists(), Kept(key=6).get(), Kept(key=6).get_state().result)") == [
        "True {'square': 36} success"
    ]
    assert stage.debris() == []


def test_a_create_that_changes_and_removes_its_working_directory(stage: Stage) -> None:
    """A relative FURU_PATH stays where it was, for the artifact, for what it needs, for its log, and when settings change."""
    printed = stage.start(
        """
        import logging
        from pipelines_more import *

        def move(task):
            if isinstance(task, Filed):
                os.mkdir("elsewhere")
                os.chdir("elsewhere")
                furu.FURU_CONFIG.poll_interval = 0.1
                os.rmdir(os.getcwd())
                logging.getLogger("mine").warning("moved")
                Kept(key=1).get()

        pipelines.during = move
        say(Filed(key=6).get())
        say(Filed(key=6).exists(), Kept(key=1).exists(), Filed(key=6).get_state().result)
        """,
        env={"FURU_PATH": "store", "FURU_VERSION_CONTROLLED_PATH": "store/artifacts"},
        cwd=stage.directory,
    )
    assert printed.end().ok() == ["36", "True True success"]
    assert len(stage.records("SUCCESS.json")) == 2
    assert any("moved" in path.read_text() for path in stage.records("furu.log"))
    assert stage.debris() == []


def test_a_create_that_removes_a_record(stage: Stage) -> None:
    """The result is published; what is written later is written anew."""
    names = ["furu.log", "events.jsonl", "state.json", "metadata.json"]
    printed = stage.run(f"""
        import logging
        from pipelines_more import *

        names = {names}

        def remove(task):
            logging.getLogger("mine").warning("before")
            (task.furu_dir / ".furu" / names[task.key]).unlink()
            logging.getLogger("mine").warning("after")

        pipelines.during = remove
        for key, name in enumerate(names):
            task = Kept(key=key)
            value = task.get()
            log = (task.furu_dir / ".furu" / "furu.log").read_text()
            say(name, value == task.get(), task.exists(), task.get_state().attempt.status, "before" in log, "after" in log)
    """)
    assert printed == [f"{name} True True success {name != 'furu.log'} True" for name in names]
    assert stage.debris() == []


def test_a_create_that_closes_all_files(stage: Stage) -> None:
    """Nothing of furu's is written into the files that are opened then; the heartbeat goes on; later artifacts work."""
    holder = stage.start(
        """
        from pipelines_more import *

        mine = []

        def close(task):
            os.closerange(3, 256)
            mine.extend(open(f"mine_{number}", "w") for number in range(20))
            say("closed")
            hold("go")

        pipelines.during = close
        say(Filed(key=6).get())
        pipelines.during = lambda task: None
        say(Kept(key=1).get(), Filed(key=7).get())
        for file in mine:
            file.close()
        say({os.path.getsize(file.name) for file in mine})
        """,
        heartbeat_sec=0.1,
        env={"FURU_LEASE_SECS": str(LEASE_SEC)},
    )
    holder.wait_for("closed")
    waiter = stage.start("say(Filed(key=6).get())", host="elsewhere")
    waiter.wait_until_waiting()
    time.sleep(1.5 * LEASE_SEC)
    stage.touch("go")
    assert holder.end().ok() == ["closed", "36", "{'square': 1} 49", "{0}"]
    assert waiter.end().ok() == ["36"]
    assert len(stage.notes()) == 3
    assert stage.debris() == []


def test_a_create_that_replaces_the_standard_streams(stage: Stage) -> None:
    """What furu has to say is lost, or goes there; it never stops the computation."""
    printed = stage.run("""
        import io, logging
        from pipelines_more import *

        def closed():
            made = io.StringIO()
            made.close()
            return made

        streams = [None, io.StringIO(), closed(), object()]

        def replace(task):
            sys.stdout = sys.stderr = streams[task.key]
            if isinstance(task, Filed):
                logging.getLogger("mine").info("said")
                Kept(key=task.key).get()

        pipelines.during = replace
        for key in range(4):
            value = Filed(key=key).get()
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            log = (Filed(key=key).furu_dir / ".furu" / "furu.log").read_text()
            say(value, Filed(key=key).get_state().result, Kept(key=key).exists(), "said" in log)
    """)
    assert printed == [f"{key**2} success True True" for key in range(4)]
    assert stage.debris() == []
