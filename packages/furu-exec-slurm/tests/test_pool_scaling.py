"""How many workers a pool starts: the promises of ``scaling.change`` for any backlog, crew and limits."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from furu_exec_slurm.scaling import Change, Crew, Demand, change

SPECS = ("a", "b", "c")

demands = st.lists(
    st.builds(
        Demand,
        st.permutations(SPECS).flatmap(lambda p: st.integers(1, 3).map(lambda n: tuple(p[:n]))),
        st.integers(0, 6),
    ),
    max_size=4,
    unique_by=lambda demand: demand.specs,
)
crews = st.fixed_dictionaries(
    {spec: st.builds(Crew, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)) for spec in SPECS}
)
limits = st.fixed_dictionaries({spec: st.integers(0, 6) for spec in SPECS})
totals = st.integers(1, 12)


def after(crews: dict[str, Crew], start: Counter[str]) -> dict[str, Crew]:
    """Return the crews once the workers that are to be started are pending."""
    return {spec: Crew(crew.busy, crew.idle, crew.pending + start[spec]) for spec, crew in crews.items()}


def matched(demands: list[Demand], workers: dict[str, int]) -> int:
    """Return how many tasks find a worker at best, by trying all ways (Hall: the scarcest set of specs decides)."""
    tasks = sum(demand.tasks for demand in demands)
    shortages = (
        sum(demand.tasks for demand in demands if set(demand.specs) <= set(some)) - sum(workers[spec] for spec in some)
        for some in (
            [spec for spec, chosen in zip(SPECS, which, strict=True) if chosen] for which in product((0, 1), repeat=3)
        )
    )
    return tasks - max(0, *shortages)


@given(demands, crews, limits, totals)
def test_limits_hold(demands: list[Demand], crews: dict[str, Crew], limits: dict[str, int], total: int) -> None:
    """No start lifts a spec above its limit or the pool above its total."""
    start = change(demands, crews, limits, total=total).start

    for spec, count in start.items():
        assert crews[spec].size + count <= limits[spec]
    if start:
        assert sum(crew.size for crew in crews.values()) + start.total() <= total


@given(demands, crews, limits, totals)
def test_asked_again_nothing_more_is_started(
    demands: list[Demand], crews: dict[str, Crew], limits: dict[str, int], total: int
) -> None:
    """Workers that were submitted count: the same backlog starts them once, not once per turn."""
    start = change(demands, crews, limits, total=total).start
    again = change(demands, after(crews, start), limits, total=total)

    assert not again.start
    assert again.surplus <= change(demands, crews, limits, total=total).surplus


@given(demands, crews, limits, totals)
def test_as_many_start_as_help(
    demands: list[Demand], crews: dict[str, Crew], limits: dict[str, int], total: int
) -> None:
    """The workers started are as many as let further tasks begin, and no more."""
    start = change(demands, crews, limits, total=total).start
    there = {spec: crew.idle + crew.pending for spec, crew in crews.items()}
    possible = {spec: there[spec] + max(0, limits[spec] - crews[spec].size) for spec in SPECS}
    room = max(0, total - sum(crew.size for crew in crews.values()))

    best = matched(demands, possible) - matched(demands, there)
    assert start.total() == min(best, room)
    assert (
        matched(demands, {spec: there[spec] + start[spec] for spec in SPECS}) == matched(demands, there) + start.total()
    )


@given(demands, crews, limits, totals)
def test_surplus_is_what_no_task_needs(
    demands: list[Demand], crews: dict[str, Crew], limits: dict[str, int], total: int
) -> None:
    """Without its surplus of pending workers a pool serves as many tasks as with it, and with one fewer it would not."""
    surplus = change(demands, crews, limits, total=total).surplus
    there = {spec: crew.idle + crew.pending for spec, crew in crews.items()}
    kept = {spec: there[spec] - surplus[spec] for spec in SPECS}

    assert matched(demands, kept) == matched(demands, there)
    for spec in SPECS:
        assert 0 <= surplus[spec] <= crews[spec].pending
    if needed := sum(crew.pending for crew in crews.values()) - surplus.total():
        idle = {spec: crew.idle for spec, crew in crews.items()}
        assert matched(demands, idle) + needed == matched(demands, there)


def test_one_task_starts_one_worker() -> None:
    """A task that nobody has taken starts one worker; the one that was submitted is enough from then on."""
    one = [Demand(("a",), 1)]

    assert change(one, {}, {"a": 8}, total=8) == Change(start=Counter({"a": 1}))
    assert change(one, {"a": Crew(pending=1)}, {"a": 8}, total=8) == Change()


def test_busy_workers_do_not_count() -> None:
    """A task does not wait for somebody to finish while there may be one more worker."""
    assert change([Demand(("a",), 1)], {"a": Crew(busy=3)}, {"a": 8}, total=8).start == Counter({"a": 1})


def test_a_worker_is_left_to_the_task_that_only_it_can_take() -> None:
    """With one idle worker for each spec nothing starts, whichever task is asked about first."""
    crews = {"a": Crew(idle=1), "b": Crew(idle=1)}
    flexible, only_a = Demand(("a", "b"), 1), Demand(("a",), 1)

    assert change([flexible, only_a], crews, {"a": 4, "b": 4}, total=8) == Change()


def test_the_preferred_spec_is_started_while_it_may() -> None:
    """Alternatives are used once the preferred spec is at its limit."""
    start = change([Demand(("a", "b"), 5)], {}, {"a": 2, "b": 9}, total=9).start

    assert start == Counter({"a": 2, "b": 3})


def test_a_long_queue_leaves_room_for_others() -> None:
    """Where the total is short, each kind of task gets its share."""
    start = change([Demand(("a",), 10_000), Demand(("b",), 3)], {}, {"a": 50, "b": 50}, total=6).start

    assert start == Counter({"a": 3, "b": 3})
