"""What Slurm writes short is read and written as it does: ranges, durations, file names, options."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from furu_testing.slurm import dependencies, durations, patterns
from furu_testing.slurm.arrays import parse_hosts, parse_indexes, spell_hosts, spell_indexes
from furu_testing.slurm.commands import sbatch_options
from furu_testing.slurm.commands.switches import Switches, Wrong


@pytest.mark.parametrize(
    ("text", "indexes", "limit"),
    [("0", [0], None), ("0-3", [0, 1, 2, 3], None), ("1,3,5-9:2%4", [1, 3, 5, 7, 9], 4), ("[7-8]", [7, 8], None)],
)
def test_indexes_are_read(text: str, indexes: list[int], limit: int | None) -> None:
    """Single ones, ranges, steps, and how many may run at once."""
    assert parse_indexes(text) == (indexes, limit)


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "1,,2", "0-4:0", "1%x"])
def test_wrong_indexes_are_refused(text: str) -> None:
    """What Slurm refuses is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is int's
        parse_indexes(text)


@settings(max_examples=30)
@given(st.sets(st.integers(0, 50), min_size=1), st.none() | st.integers(1, 9))
def test_indexes_survive_writing_and_reading(indexes: set[int], limit: int | None) -> None:
    """What is written short is read back the same."""
    assert parse_indexes(spell_indexes(list(indexes), limit)) == (sorted(indexes), limit)


def test_hosts() -> None:
    """Names with brackets, with zeros in front, and without."""
    assert parse_hosts("a[01-02,7],b,c[1-2]") == ["a01", "a02", "a7", "b", "c1", "c2"]
    assert spell_hosts(["node1", "node2", "node4"]) == "node[1-2,4]"
    assert (spell_hosts(["node7"]), spell_hosts([])) == ("node7", "")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1", 1),
        ("90", 90),
        ("0:30", 1),
        ("1:2", 2),
        ("1:30:00", 90),
        ("2-0", 2880),
        ("2-1:2:3", 2943),
        ("0", None),
        ("UNLIMITED", None),
    ],
)
def test_time_limits(text: str, minutes: int | None) -> None:
    """Every form that Slurm has; seconds count as a minute that has begun."""
    assert durations.parse_minutes(text) == minutes


def test_durations_are_written() -> None:
    """The short form of squeue, the long one of sacct."""
    assert [durations.spell(sec) for sec in (5, 65, 3600, 90000)] == ["0:05", "1:05", "1:00:00", "1-01:00:00"]
    assert durations.spell(65, long=True) == "00:01:05"
    assert (durations.parse_moment("now+1hour", 10.0), durations.parse_moment("now+5", 10.0)) == (3610.0, 15.0)


def test_file_names() -> None:
    """Letters with and without a width, percent signs, and what is no letter."""
    names = {"j": "12", "x": "name"}

    assert patterns.expand("a%j-%5j-%x-%3x-%%j-%q%", names) == "a12-00012-name-name-%j-%q%"


@pytest.mark.parametrize("text", ["afterok", "afterok:", "afterok:a", "later:1", "singleton:1", "afterok:1,"])
def test_wrong_dependencies_are_refused(text: str) -> None:
    """What Slurm refuses is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - it has the part that is wrong, and nothing more to say
        dependencies.parse(text)


def test_dependencies_are_read() -> None:
    """Several ids per kind, several kinds, all of them or any."""
    assert dependencies.parse("afterok:1:2_3,afterany:4,singleton") == {
        "any": False,
        "terms": [("afterok", "1"), ("afterok", "2_3"), ("afterany", "4"), ("singleton", "")],
    }
    assert dependencies.parse("after:1+5?afterok:2") == {"any": True, "terms": [("after", "1"), ("afterok", "2")]}


def test_options_are_read_as_getopt_does() -> None:
    """Long and short, together and apart, cut short, repeated, with arguments in between and behind two dashes."""
    switches = Switches("format jobs", "noheader long", "o:format j:jobs h:noheader l:long")

    assert switches.read(["-hlo", "%i", "x", "-j1", "--jobs=2", "--", "-z"], anywhere=True) == (
        {"noheader": "", "long": "", "format": "%i", "jobs": "1,2"},
        ["x", "-z"],
    )
    assert switches.read(["--form", "a", "command", "-h"], anywhere=False) == ({"format": "a"}, ["command", "-h"])
    for wrong, words in {"-x": "invalid option", "-o": "requires an argument", "--what": "unrecognized option"}.items():
        with pytest.raises(Wrong, match=words):
            switches.read([wrong], anywhere=True)


def test_options_of_a_script() -> None:
    """Directives end at the first command, keep what is quoted together, and have comments; other sources outrank them."""
    script = "#!/bin/sh\n\n# a comment\n#SBATCH -J 'a b' --mem=1G # why\n##SBATCH -p no\n#SBATCH --requeue\ntrue\n#SBATCH -c 9\n"

    assert sbatch_options.from_script(script) == {"job-name": "a b", "mem": "1G", "requeue": ""}
    assert sbatch_options.merged({"no-requeue": ""}, script, {"SBATCH_PARTITION": "gpu", "SBATCH_TIMELIMIT": "5"}) == {
        "job-name": "a b",
        "mem": "1G",
        "partition": "gpu",
        "time": "5",
        "no-requeue": "",
    }
    with pytest.raises(Wrong, match="Unmatched"):
        sbatch_options.split("-J 'a b")
