"""Scenario 13: Ctrl-C and SIGTERM during ``_create``, during a wait, and after a ``get()``."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, get_args

import pytest

from furu._sys.steps import Step

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

#: Before these steps nothing says that an attempt has begun; from ``PUBLISHED`` on it has succeeded.
UNRECORDED = {"claim.directory", "claim.prepared", "claim.taken"}
PUBLISHED = {"publish.marker", "publish.end"}

WORK = """
    def work(task):
        try:
            say("creating")
            hold("go")
        finally:
            say("finally")

    pipelines.during = work
"""


def attempt(stage: Stage) -> dict[str, Any]:
    """Return what ``state.json`` says of the last attempt at the only artifact."""
    (path,) = stage.records("state.json")
    found: dict[str, Any] = json.loads(path.read_text())["attempt"]
    return found


def test_ctrl_c_during_create(stage: Stage) -> None:
    """Finally blocks run, an ordinary KeyboardInterrupt comes out, the attempt is cancelled, the claim is gone."""
    child = stage.start(
        WORK
        + """
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        Kept(key=2).get()
    except KeyboardInterrupt as stop:
        say(type(stop).__name__, stop.args, stop.__cause__)
    say(before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)))
    state = Kept(key=2).get_state()
    say(state.result, state.attempt.status, state.attempt.error.kind)
    hold("go on")
    say(Kept(key=2).get())
    """
    )
    child.wait_for("creating")
    child.send(signal.SIGINT)
    child.wait_for("incomplete cancelled cancelled")
    assert stage.debris() == []
    stage.touch("go")
    stage.touch("go on")
    assert child.end().ok() == [
        "creating",
        "finally",
        "KeyboardInterrupt () None",
        "True",
        "incomplete cancelled cancelled",
        "creating",
        "finally",
        "{'square': 4}",
    ]
    assert (attempt(stage)["status"], attempt(stage)["number"]) == ("success", 2)


def test_ctrl_c_that_nobody_catches(stage: Stage) -> None:
    """The process ends as any Python program does on Ctrl-C, and somebody else can create at once."""
    child = stage.start(WORK + "    Filed(key=2).get()")
    child.wait_for("creating")
    child.send(signal.SIGINT)
    ended = child.end()
    assert ended.status == -signal.SIGINT
    assert ended.lines == ["creating", "finally"]
    assert "KeyboardInterrupt" in ended.err
    assert attempt(stage)["status"] == "cancelled"
    assert stage.debris() == []
    assert stage.run("say(Filed(key=2).get())") == ["4"]


def test_ctrl_c_during_a_wait(stage: Stage) -> None:
    """The waiter gets a KeyboardInterrupt; the holder notices nothing and publishes."""
    holder = stage.start(WORK + "    say(Filed(key=2).get())")
    holder.wait_for("creating")
    waiter = stage.start(
        """
        try:
            Filed(key=2).get()
        except KeyboardInterrupt:
            say("interrupted")
        say(Filed(key=2).get())
        """
    )
    waiter.wait_until_waiting()
    before = stage.contents()
    waiter.send(signal.SIGINT)
    waiter.wait_for("interrupted")
    assert stage.contents() == before
    stage.touch("go")
    assert holder.end().ok() == ["creating", "finally", "4"]
    assert waiter.end().ok() == ["interrupted", "4"]
    assert len(stage.notes()) == 1
    assert attempt(stage)["status"] == "success"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_a_get(stage: Stage, number: int) -> None:
    """Once get() has returned, signals do what they do in any program, and the artifact stays a success."""
    child = stage.start(
        """
        Filed(key=2).get()
        say("done")
        hold("never")
        """
    )
    child.wait_for("done")
    left = stage.contents()
    child.send(number)
    assert child.end().status == -number
    assert stage.contents() == left


def test_sigterm_records_preempted(stage: Stage) -> None:
    """The process dies from SIGTERM; all artifacts on its stack are preempted, their claims gone, and can be created."""
    child = stage.start(
        """
        def work(task):
            if isinstance(task, Filed):
                Kept(key=2).get()
            say("creating")
            hold("go")

        pipelines.during = work
        Filed(key=2).get()
        """
    )
    child.wait_for("creating")
    child.send(signal.SIGTERM)
    assert child.end().status == -signal.SIGTERM
    attempts = [json.loads(path.read_text())["attempt"] for path in stage.records("state.json")]
    assert [one["status"] for one in attempts] == ["preempted", "preempted"]
    assert all(one["ended_at"] for one in attempts)
    assert stage.debris() == []
    assert stage.run("say(Filed(key=2).get())") == ["4"]


def test_sigterm_runs_the_handler_of_the_application(stage: Stage) -> None:
    """What the handler raises ends the attempt as preempted; a handler that returns lets it go on to success."""
    code = (
        WORK
        + """
    def handler(number, frame):
        say("handler")
        {does}

    signal.signal(signal.SIGTERM, handler)
    try:
        say(Filed(key=2).get())
    finally:
        say(signal.getsignal(signal.SIGTERM) == handler)
    """
    )
    child = stage.start(code.format(does="sys.exit(3)"))
    child.wait_for("creating")
    child.send(signal.SIGTERM)
    ended = child.end()
    assert (ended.status, ended.lines) == (3, ["creating", "handler", "finally", "True"])
    assert (attempt(stage)["status"], attempt(stage)["error"]["kind"]) == ("preempted", "preempted")
    assert stage.debris() == []

    child = stage.start(code.format(does="pass"))
    child.wait_for("creating")
    child.send(signal.SIGTERM)
    child.wait_for("handler")
    stage.touch("go")
    assert child.end().ok() == ["creating", "handler", "finally", "4", "True"]
    assert (attempt(stage)["status"], attempt(stage)["number"]) == ("success", 2)


def test_sigterm_of_a_forked_child_records_its_own_attempt(stage: Stage) -> None:
    """A child forked by ``_create`` that computes something else is preempted by itself; its parent is not."""
    printed = stage.run("""
        def work(task):
            if isinstance(task, Filed):
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                say(os.waitpid(forked(Filed(key=2).get), 0)[1])

        pipelines.during = work
        say(Kept(key=2).get(), Filed(key=2).get_state().attempt.status)
    """)
    assert printed == [f"{signal.SIGTERM.value}", "{'square': 4} preempted"]
    assert stage.debris() == []


def test_sigterm_that_is_ignored_changes_nothing(stage: Stage) -> None:
    """Where the program ignores SIGTERM, ``_create`` goes on and SIGTERM is still ignored afterwards."""
    child = stage.start(
        WORK
        + """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(Filed(key=2).get())
    say(signal.getsignal(signal.SIGTERM) == signal.SIG_IGN)
    """
    )
    child.wait_for("creating")
    child.send(signal.SIGTERM)
    stage.touch("go")
    assert child.end().ok() == ["creating", "finally", "4", "True"]


def test_sigterm_during_create_in_another_thread(stage: Stage) -> None:
    """Where Python allows no handler the process just dies, and the artifact is taken over at once."""
    child = stage.start(
        WORK
        + """
    import threading
    threading.Thread(target=Filed(key=2).get).start()
    """
    )
    child.wait_for("creating")
    child.send(signal.SIGTERM)
    assert child.end().status == -signal.SIGTERM
    assert stage.run(
        """
        state = Filed(key=2).get_state()
        say(state.result, state.attempt.status, Filed(key=2).get())
        """
    ) == ["incomplete crashed 4"]
    assert stage.debris() == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_at_any_step(stage: Stage, name: str) -> None:
    """Wherever it comes: no claim is left that holds up others, the state is true, and the next get() has the value."""
    steps = get_args(Step)
    printed = stage.run(f"""
        from furu._sys import steps

        def interrupted(step):
            def interrupt(reached):
                if reached == step:
                    steps.hook = None
                    os.kill(os.getpid(), signal.{name})
                    time.sleep(0)
            steps.hook = interrupt
            try:
                Kept(key=5).get()
            except KeyboardInterrupt:
                lock = Kept(key=5).furu_dir / ".furu" / "compute.lock"
                assert not lock.exists() or not os.listdir(lock), (step, os.listdir(lock))
                assert not list(lock.parent.glob("compute.lock.*")), step
                os._exit(130)

        warm_up()
        for step in {steps}:
            furu.FURU_CONFIG.base_root = spool() / "stores" / step
            status = os.waitstatus_to_exitcode(os.waitpid(forked(interrupted, step), 0)[1])
            state = Kept(key=5).get_state()
            say(step, status, state.result, state.attempt and state.attempt.status)
            steps.hook = None
            assert Kept(key=5).get() == {{"square": 25}}
    """)
    status, word = {"SIGINT": (130, "cancelled"), "SIGTERM": (-signal.SIGTERM, "preempted")}[name]
    assert printed == [
        f"{step} {status} "
        + ("absent None" if step in UNRECORDED else "success success" if step in PUBLISHED else f"incomplete {word}")
        for step in steps
    ]


def test_ctrl_c_at_any_moment(stage: Stage) -> None:
    """Hundreds of interrupts at moments of the clock's choosing leave no claim behind, and every value is right."""
    printed = stage.run("""
        def interrupt(number, frame):
            raise KeyboardInterrupt

        def value_or_interrupt(task, after_sec):
            try:
                signal.setitimer(signal.ITIMER_REAL, after_sec)
                try:
                    return task.get()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                return "interrupted"

        signal.signal(signal.SIGALRM, interrupt)
        warm_up()
        def timed(key):
            begun = time.perf_counter()
            Kept(key=key).get()
            return time.perf_counter() - begun

        usual_sec = min(timed(key) for key in range(-5, 0))  # whatever else the machine was doing
        interrupts = 0
        for key in range(300):
            task = Kept(key=key)
            if value_or_interrupt(task, usual_sec * 1.5 * (key + 1) / 300) == "interrupted":
                interrupts += 1
                lock = task.furu_dir / ".furu" / "compute.lock"
                left = os.listdir(lock) if lock.exists() else []
                if left:
                    say("a claim was left", key, *left)
                if task.get_state().result not in ("absent", "incomplete", "success"):
                    say(task.get_state())
            assert task.get() == {"square": key**2}
        say(interrupts > 50)
    """)
    assert printed == ["True"]
    assert stage.debris() == []


def test_sigterm_while_the_heartbeat_is_being_arranged(stage: Stage) -> None:
    """The handler gives the claim back although the code it interrupts is just speaking to the helper program."""
    child = stage.start(
        """
        from furu._sys.heartbeat import Heart

        def tell_and_terminate(heart, usual=Heart._tell):
            if not heart._paths:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0)
            usual(heart)

        Heart._tell = tell_and_terminate
        Filed(key=2).get()
        """
    )
    assert child.end(20).status == -signal.SIGTERM
    assert stage.run("say(Filed(key=2).get())") == ["4"]


def test_an_interruption_ends_attempts_as_its_sender_says(stage: Stage) -> None:
    """A signal that an executor answers with an Interruption ends the attempt with that status and kind, as its last word."""
    child = stage.start(
        WORK
        + """
    from furu.runtime.signals import Interruption, answering

    def answer(number):
        os.kill(os.getpid(), number)  # schedulers say it more than once
        raise Interruption("the machine is wanted back", status="preempted", kind="timeout")

    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR2)
    try:
        with answering(answer, signal.SIGTERM, signal.SIGUSR2):
            Filed(key=2).get()
    except Interruption as stop:
        say(stop, stop.status)
    say(before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGUSR2)))
    """
    )
    child.wait_for("creating")
    child.send(signal.SIGUSR2)
    assert child.end().ok() == ["creating", "finally", "the machine is wanted back preempted", "True"]
    ended = attempt(stage)
    assert (ended["status"], ended["error"]["kind"]) == ("preempted", "timeout")
    assert ended["error"]["message"] == "the machine is wanted back"
    assert stage.debris() == []


def test_forked_children_have_no_part_in_an_interruption(stage: Stage) -> None:
    """A child that ``_create`` forked ends on SIGTERM and ignores other signals; its parent's answer is not given twice."""
    printed = stage.run("""
        from furu.runtime.signals import answering

        def child():
            os.kill(os.getpid(), signal.SIGUSR2)
            os.kill(os.getpid(), signal.SIGTERM)

        def work(task):
            say(os.waitpid(forked(child), 0)[1])

        pipelines.during = work
        with answering(say, signal.SIGTERM, signal.SIGUSR2):
            say(Filed(key=2).get())
    """)
    assert printed == [f"{signal.SIGTERM.value}", "4"]
