"""Planning, scheduling and driving: order, retries, failures, what others do, and linear cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import furu
from furu.engine.verdict import Create, Load, Wait
from furu.execution import Blocked, Done, Elsewhere, Failed, Job, SlurmSpec, worker
from furu.execution import plan as plans
from furu.execution.drive import Driver, Intervals
from furu.execution.scheduler import Bucket, Scheduler
from furu_testing.fakes import FakeExecutor

if TYPE_CHECKING:
    from pathlib import Path

    from furu.task import Task

ran: list[str] = []


class Leaf(furu.Furu[str]):
    """An artifact that needs nothing."""

    name: str = "leaf"

    def _create(self) -> str:
        ran.append(self.name)
        return self.name


class Above(furu.Furu[str]):
    """An artifact that needs others, declared."""

    name: str = "above"
    below: list[Any] = furu.field(default_factory=list)

    def _create(self) -> str:
        ran.append(self.name)
        return self.name + "".join(one.get() for one in self.below)


class Secret(furu.Furu[str]):
    """An artifact that needs another one and does not say so."""

    name: str = "secret"
    needed: ClassVar[list[Any]] = []

    def _create(self) -> str:
        ran.append(self.name)
        return self.name + "".join(one.get() for one in Secret.needed)


class Never(furu.Furu[str]):
    """An artifact whose result is never valid."""

    def _create(self) -> str:
        return ""

    def _validate(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def _fresh(furu_tmp_root: Path) -> None:
    ran.clear()


def everything_missing(task: Task) -> Create:
    """Decide without a look."""
    return Create("missing")


def run(roots: list[Any], executor: FakeExecutor | None = None, **options: Any) -> tuple[Scheduler, FakeExecutor]:
    """Plan and run roots on a fake executor that runs jobs as a worker does."""
    executor = executor or FakeExecutor(run=worker.run)
    scheduler = Scheduler(plans.build(roots), **options)
    Driver(scheduler, executor, clock=executor.clock).run()
    return scheduler, executor


def test_dependencies_come_first() -> None:
    """Every artifact is built once, after what it needs."""
    shared = Leaf()
    roots = [Above(name="a", below=[shared]), Above(name="b", below=[shared, Leaf(name="other")])]
    scheduler, executor = run(roots)
    assert ran.index("leaf") < ran.index("a")
    assert sorted(ran) == ["a", "b", "leaf", "other"]
    assert scheduler.counts == Counter({Bucket.COMPLETED: 4})
    assert executor.closed is False
    assert all(root.exists() for root in roots)


def test_what_is_built_is_a_leaf_of_the_plan() -> None:
    """A published artifact is not in the plan, and nothing below it is looked at."""
    inner = Above(name="inner", below=[Leaf()])
    inner.get()
    plan = plans.build([Above(name="outer", below=[inner])])
    assert [node.task for node in plan.nodes.values()] == [Above(name="outer", below=[inner])]
    assert plan.published == Counter({"Above": 1})
    assert plans.build([inner]).nodes == {}


@pytest.mark.parametrize(("window", "expected"), [("dfs", ["x", "a", "y", "b"]), ("bfs", ["x", "y", "a", "b"])])
def test_the_window_says_how_many_roots_are_open(window: Any, expected: list[str]) -> None:
    """dfs finishes one root before the next, bfs works on all."""
    run([Above(name="a", below=[Leaf(name="x")]), Above(name="b", below=[Leaf(name="y")])], window=window)
    assert ran == expected


@pytest.mark.parametrize("window", [0, -1, "both", 1.5, True])
def test_a_bad_window_is_named(window: Any) -> None:
    """The error names the argument."""
    with pytest.raises(ValueError, match="window_size"):
        Scheduler(plans.build([]), window=window)


def test_a_failed_job_is_tried_again_within_bounds() -> None:
    """Retries count per node; the last failure is the one reported."""
    leaf = Leaf()
    executor = FakeExecutor(outcomes={leaf: ["oom", "lost"]}, run=worker.run)
    scheduler, _ = run([leaf], executor, retries=2)
    assert (len(executor.submitted), scheduler.failures) == (3, [])

    executor = FakeExecutor(outcomes={leaf: ["oom", "lost", "error"]}, run=worker.run)
    scheduler = Scheduler(plans.build([leaf], decide=everything_missing), retries=1)
    Driver(scheduler, executor, clock=executor.clock).run()
    assert [(failure.outcome.kind, failure.attempts) for failure in scheduler.failures] == [("lost", 2)]


def test_a_failure_stops_the_run() -> None:
    """Without keep_going nothing more is handed out, and what is in flight is cancelled."""
    bad, good = Leaf(name="bad"), Leaf(name="good")
    executor = FakeExecutor(outcomes={bad: [ValueError("no")]}, run=worker.run)
    scheduler, _ = run([bad, good], executor)
    assert [failure.node.task for failure in scheduler.failures] == [bad]
    assert executor.closed is True
    assert ran == []


def test_keep_going_builds_what_does_not_depend_on_the_failure() -> None:
    """What needs the failed artifact is given up, at any distance, and everything else is built."""
    bad = Leaf(name="bad")
    middle = Above(name="middle", below=[bad])
    executor = FakeExecutor(outcomes={bad: [ValueError("no")]}, run=worker.run)
    scheduler, _ = run([Above(name="top", below=[middle]), Leaf(name="good")], executor, keep_going=True)
    assert ran == ["good"]
    assert scheduler.counts == Counter({Bucket.FAILED: 3, Bucket.COMPLETED: 1, Bucket.READY: 0})
    assert len(scheduler.failures) == 1


def test_an_undeclared_dependency_is_built_and_the_job_runs_again() -> None:
    """One warning names the class and the fix; the dependency's own needs are planned too."""
    Secret.needed = [Above(name="needed", below=[Leaf()])]
    with pytest.warns(UserWarning, match=r"Secret\._create uses Above") as warned:
        run([Secret(), Secret(name="second")])
    assert Counter(ran) == {"secret": 2, "second": 2, "needed": 1, "leaf": 1}
    assert len(warned) == 1
    assert Secret().try_load() == "secretneededleaf"


def test_strict_dependencies_make_it_an_error() -> None:
    """FURU_STRICT_DEPS refuses an undeclared dependency by name."""
    furu.FURU_CONFIG.strict_deps = True
    Secret.needed = [Leaf()]
    scheduler, _ = run([Secret()])
    (failure,) = scheduler.failures
    assert isinstance(failure.outcome.error, furu.FuruMissingArtifact)
    assert "Secret" in str(failure.outcome.error)


def test_a_dependency_that_is_never_valid_ends_the_job() -> None:
    """A result that its own class refuses is not built for ever."""
    scheduler, executor = run([Above(below=[Never()])])
    (failure,) = scheduler.failures
    assert failure.outcome.kind == "dependency"
    assert "_validate" in str(failure.outcome.error)
    assert len(executor.submitted) <= 3


def test_a_failing_create_is_an_error_of_both_classes() -> None:
    """The outcome carries what get() would have raised."""
    Secret.needed = [None]
    outcome = worker.run(Job(Secret(), (SlurmSpec(),)))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "error"
    assert isinstance(outcome.error, AttributeError)
    assert isinstance(outcome.error, furu.FuruComputeError)


def test_others_work_is_waited_for_and_taken_over() -> None:
    """A node created elsewhere is looked at every external_sec: published it counts, abandoned it is run here."""
    published, abandoned = Leaf(name="published"), Leaf(name="abandoned")
    looks: Counter[str] = Counter()

    def decide(task: Any) -> Any:
        looks[task.name] += 1
        if looks[task.name] < 3:
            return Wait(None)  # type: ignore[arg-type]
        return Load() if task.name == "published" else Create("crashed")

    executor = FakeExecutor(run=worker.run)
    scheduler = Scheduler(plans.build([published, abandoned], decide=decide))
    intervals = Intervals(poll_sec=1.0, external_sec=5.0)
    Driver(scheduler, executor, decide=decide, clock=executor.clock, intervals=intervals).run()
    assert ran == ["abandoned"]
    assert looks == {"published": 3, "abandoned": 3}
    assert 10 <= sum(executor.clock.sleeps) < 15


def test_a_job_that_found_somebody_else_at_work_waits_for_them() -> None:
    """Elsewhere moves the node to IN_PROGRESS_EXTERNAL; it counts once it is published."""
    leaf = Leaf()
    executor = FakeExecutor(outcomes={leaf: [Elsewhere(leaf.furu_hash)]}, run=worker.run)
    scheduler = Scheduler(plans.build([leaf]))
    start = executor.clock.monotonic()

    def decide(task: Any) -> Any:
        return Load() if executor.clock.monotonic() - start >= 7 else Wait(None)  # type: ignore[arg-type]

    Driver(scheduler, executor, decide=decide, clock=executor.clock).run()
    assert scheduler.bucket(leaf.furu_hash) is Bucket.COMPLETED
    assert len(executor.submitted) == 1


def test_overridden_results_count_as_built() -> None:
    """Planning and workers take the value."""
    from furu_testing import override_results

    leaf = Leaf()
    with override_results({leaf: "stub"}):
        assert plans.build([leaf]).nodes == {}
        assert worker.run(Job(leaf, (SlurmSpec(),))) == Done(leaf.furu_hash)
        run([Above(below=[leaf])])
    assert Above(below=[leaf]).load_existing() == "abovestub"


def test_always_rerun_is_once_per_run() -> None:
    """A shared dependency of a rerun class is recomputed once, and everybody in the run uses that result."""
    leaf = Leaf()
    leaf.get()
    ran.clear()
    furu.FURU_CONFIG.always_rerun = {f"{__name__}.Leaf"}
    run([Above(name="a", below=[leaf]), Above(name="b", below=[leaf])])
    assert sorted(ran) == ["a", "b", "leaf"]


def test_a_sticky_failure_ends_planning() -> None:
    """With FURU_RETRY_FAILED off a failed dependency is raised before anything runs."""
    Secret.needed = [None]
    with pytest.raises(AttributeError):
        Secret().get()
    furu.FURU_CONFIG.retry_failed = False
    with pytest.raises(furu.FuruComputeError, match="Secret"):
        plans.build([Above(below=[Secret()])])


def layered(width: int, layers: int) -> list[Any]:
    """Return the last of ``layers`` layers, each node of which needs all nodes of the layer before."""
    layer: list[Any] = [Leaf(name=f"0-{n}") for n in range(width)]
    for depth in range(1, layers):
        layer = [Above(name=f"{depth}-{n}", below=layer) for n in range(width)]
    return layer


def chain(length: int) -> list[Any]:
    """Return the end of a chain."""
    here: Any = Leaf()
    for n in range(length - 1):
        here = Above(name=str(n), below=[here])
    return [here]


def star(width: int) -> list[Any]:
    """Return one node that needs ``width`` others."""
    return [Above(name="star", below=[Leaf(name=str(n)) for n in range(width)])]


@pytest.mark.parametrize(
    ("roots", "nodes"),
    [
        (layered(10, 10), 100),
        (chain(1_000), 1_000),
        (star(10_000), 10_001),
        ([Leaf(name=str(n)) for n in range(10_000)], 10_000),
    ],
    ids=["layers", "chain", "star", "independent"],
)
def test_graphs_are_driven_in_linear_steps(roots: list[Any], nodes: int) -> None:
    """Each node is decided on once and submitted once, whatever the shape."""
    looks: Counter[str] = Counter()

    def decide(task: Any) -> Create:
        looks[task.furu_hash] += 1
        return Create("missing")

    executor = FakeExecutor(capacity=8, run=lambda job: Done(job.key))
    scheduler = Scheduler(plans.build(roots, decide=decide))
    Driver(scheduler, executor, decide=decide, clock=executor.clock).run()
    assert len(looks) == len(executor.submitted) == nodes
    assert set(looks.values()) == {1}
    assert scheduler.counts[Bucket.COMPLETED] == nodes


def test_roots_and_specs_are_checked() -> None:
    """What is no Furu object, and an _executor that returns something else, is named."""
    with pytest.raises(TypeError, match=r"roots\[1\]"):
        plans.checked_roots([Leaf(), 3])
    with pytest.raises(TypeError, match="roots"):
        plans.checked_roots(Leaf())

    class Asks(Leaf):
        def _executor(self) -> Any:
            return "gpu"

    with pytest.raises(TypeError, match=r"Asks\._executor"):
        plans.specs_of(Asks())
    assert plans.specs_of(Leaf()) == (SlurmSpec(),)
    assert isinstance(Blocked("k", ()), Blocked)
