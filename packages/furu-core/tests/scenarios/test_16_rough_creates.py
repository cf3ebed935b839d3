"""Scenario 16: a ``_create`` that removes its directory, its records or the whole store, moves elsewhere, closes what it finds."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.0


@pytest.mark.parametrize("kind", ["Filed", "Kept"])
@pytest.mark.parametrize("what", ["task.furu_dir", "os.environ['FURU_PATH']"])
def test_a_create_that_removes_its_directory(stage: Stage, kind: str, what: str) -> None:
    """What it makes afterwards is published, with state and metadata."""
    printed = stage.run(f"""
        from pipelines_more import *

        def remove(task):
            shutil.rmtree({what})
            if isinstance(task, Filed):
                task.furu_dir.mkdir(parents=True)

        pipelines.during = remove
        task = {kind}(key=6)
        say(task.get())
        say(task.exists(), task.get(), task.get_state().result, task.get_state().attempt.status)
        say(task.get_metadata().furu_hash == task.furu_hash, task.get_metadata().result_format)
    """)
    value = {"Filed": "36", "Kept": "{'square': 36}"}[kind]
    kept_as = {"Filed": "None", "Kept": "json"}[kind]
    assert printed == [value, f"True {value} success success", f"True {kept_as}"]
    assert len(stage.notes()) == 1
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


@pytest.mark.parametrize("name", ["furu.log", "events.jsonl", "state.json", "metadata.json"])
def test_a_create_that_removes_a_record(stage: Stage, name: str) -> None:
    """The result is published; what is written later is written anew."""
    printed = stage.run(f"""
        import logging
        from pipelines_more import *

        def remove(task):
            logging.getLogger("mine").warning("before")
            (task.furu_dir / ".furu" / {name!r}).unlink()
            logging.getLogger("mine").warning("after")

        pipelines.during = remove
        say(Kept(key=6).get())
        say(Kept(key=6).exists(), Kept(key=6).get(), Kept(key=6).get_state().attempt.status)
    """)
    assert printed == ["{'square': 36}", "True {'square': 36} success"]
    (log,) = stage.records("furu.log")
    assert "after" in log.read_text()
    assert ("before" in log.read_text()) == (name != "furu.log")
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
    time.sleep(2 * LEASE_SEC)
    stage.touch("go")
    assert holder.end().ok() == ["closed", "36", "{'square': 1} 49", "{0}"]
    assert waiter.end().ok() == ["36"]
    assert len(stage.notes()) == 3
    assert stage.debris() == []


@pytest.mark.parametrize("stream", ["None", "io.StringIO()", "closed()", "object()"])
def test_a_create_that_replaces_the_standard_streams(stage: Stage, stream: str) -> None:
    """What furu has to say is lost, or goes there; it never stops the computation."""
    stage.run(f"""
        import io, logging
        from pipelines_more import *

        def closed():
            made = io.StringIO()
            made.close()
            return made

        def replace(task):
            sys.stdout = sys.stderr = {stream}
            if isinstance(task, Filed):
                logging.getLogger("mine").info("said")
                Kept(key=1).get()

        pipelines.during = replace
        value = Filed(key=6).get()
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        assert (value, Filed(key=6).get(), Kept(key=1).exists()) == (36, 36, True)
    """)
    (state,) = (json.loads(path.read_text()) for path in stage.records("state.json") if "Filed" in path.parts)
    assert state["result"] == "success"
    assert any("said" in path.read_text() for path in stage.records("furu.log"))
    assert stage.debris() == []
