"""Scenario 18: errors are pickled to a worker and back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

#: What the error is besides a FuruComputeError; None where the class allows no instances but its own.
CLASSES: dict[str, str | None] = {
    "plain": "ValueError",
    "system": "OSError",
    "needy": "Needy",
    "choosy": "Choosy",
    "guarded": "Guarded",
    "unsendable": "Unsendable",
    "deceitful": "Deceitful",
    "frozen": "Frozen",
    "secretive": "Secretive",
    "nameless": "Nameless",
    "of itself": "ValueError",
    "attribute": "AttributeError",
    "bytes": "UnicodeDecodeError",
    "invalid": None,
    "group": "ExceptionGroup",
    "keyword group": "KeywordGroup",
}
#: Where another process knows less, and what it makes of it.
THERE = {"nameless": "LookupError"}

#: What the original says of itself, in the process that raised it and in all others.
ARGS = {
    "plain": ["'bad'", "3"],
    "system": ["28", "'No space left on device'"],
    "needy": ["'7 at here'"],
    "choosy": ["'code 7'"],
    "guarded": ["'a lock'", "LOCK"],
    "bytes": ["'utf-8'", "b'\\xff'", "0", "1", "'invalid start byte'"],
    "group": ["'several'", "[Needy('7 at here'), ExceptionGroup('more', [Guarded('a lock', LOCK)])]"],
    "keyword group": ["'several'", "[Needy('7 at here')]"],
}
OWN = {"needy": {"code": "7"}, "guarded": {"sound": "'sound'"}, "frozen": {"why": "'stiff'"}}

SEND = """
    from pipelines_more import *

    if __name__ == "__main__":
        sent({names}, above={above})
"""


def journeys(stage: Stage, *names: str, above: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Return, by name, what an error was where it was raised, where it came to, and where it was sent on to."""
    lines = stage.start(SEND.format(names=names, above=above)).end().ok()
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        name, *places = json.loads(re.sub(r"'?<unlocked _thread.lock object at 0x[0-9a-f]+>'?", "LOCK", line))
        assert len(places) == 3, places
        found[name] = places
    assert list(found) == list(names)
    return found


def test_errors_arrive(stage: Stage) -> None:
    """Classes, message, state_path, arguments, notes and the recorded traceback are the same in every process."""
    for name, places in journeys(stage, *CLASSES).items():
        for place, error in enumerate(places):
            cls = THERE.get(name, CLASSES[name]) if place else CLASSES[name]
            assert error["type"] == (f"FuruComputeError[{cls}]" if cls else "FuruComputeError"), name
            assert error["also"] == cls, name
            assert error["first"][0] == cls or cls is None, name
            assert error["own"] == OWN.get(name, {}), name
            assert error["first"][1:] == ARGS.get(name, error["first"][1:]), name
            assert error["notes"] == (None if name == "frozen" else ["as noted"]), name
            assert error["raised in"], name
            assert error["depth"] == 1, name
            for same in ("message", "text", "hints", "state_path"):
                assert error[same] == places[0][same], name
            assert error["state_path"].endswith(".furu/state.json"), name
            assert f"failed: {CLASSES[name] or 'ValidationError'}: " in error["message"], name


def test_a_chain_of_three_artifacts_arrives(stage: Stage) -> None:
    """The error of the outermost artifact leads to that of each below it, and is of the class of the first."""
    for name, places in journeys(stage, "needy", "group", "invalid", above=2).items():
        for error in places:
            assert error["depth"] == 3
            assert error["also"] == CLASSES[name]
            assert error["first"][1:] == ARGS.get(name, error["first"][1:])
            assert error["message"].count("failed: ") == 3
            assert error["raised in"]
            assert error["message"] == places[0]["message"]


def test_a_long_chain_is_sent_in_linear_time(stage: Stage) -> None:
    """The error of forty artifacts on top of each other is small, and is sent and received at once."""
    printed = stage.run("""
        import pickle
        from pipelines_more import *

        try:
            Raises(name="needy", above=40).get()
        except Needy as error:
            began = time.monotonic()
            content = pickle.dumps(error)
            back = pickle.loads(content)
            say(time.monotonic() - began < 2, described(back)["depth"], described(back) == described(error))
    """)
    assert printed == ["True 41 True"]


def test_hints_arrive(stage: Stage) -> None:
    """What to do about it is still said where the error was sent to: a failure of _load, a failure of an earlier attempt."""
    printed = stage.run(
        """
        import pickle
        from pipelines_more import *

        Filed(key=4).get()
        (Filed(key=4).furu_dir / "value").unlink()
        for get in (Filed(key=4).get, lambda: obtained("needy"), lambda: obtained("needy")):
            try:
                get()
            except furu.FuruComputeError as error:
                back = pickle.loads(pickle.dumps(error))
                say(type(back) is type(error), back.hints == error.hints, str(back) == str(error))
                say(back.recorded_traceback == error.recorded_traceback, back.recorded_traceback.count("Error"))
                say(back.hints[:1])
        """,
        env={"FURU_RETRY_FAILED": "0"},
    )
    assert printed[0::3] == ["True True True"] * 3
    assert [line.split()[0] for line in printed[1::3]] == ["True"] * 3
    assert printed[2::3] == [
        "('mend _load, or let _validate return False to have it computed again',)",
        "()",
        "('failed artifacts are tried again unless FURU_RETRY_FAILED=0',)",
    ]
