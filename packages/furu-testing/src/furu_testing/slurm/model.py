"""The shapes of what the fake cluster keeps in its directory; read by type checkers only.

The commands are started for every question and have to be quick, so they use plain dictionaries and import next to
nothing.  These types say what is in the dictionaries.
"""

from __future__ import annotations

from typing import Literal, TypedDict

#: What is left to do outside after a transition: start an attempt, send its processes a signal, or end them.
Effect = (
    tuple[Literal["launch"], str, int]
    | tuple[Literal["kill"], str, int]
    | tuple[Literal["signal"], str, int, int, Literal["steps", "batch", "all"]]
)


class Settings(TypedDict):
    """How the cluster is set up."""

    run_jobs: bool
    cpus: int
    nodes: int
    partitions: list[str]
    any_partition: bool
    max_array_size: int
    max_submit: int | None
    min_job_age_sec: float
    kill_wait_sec: float
    requeue_delay_sec: float
    default_time_min: int
    python: str
    owner: int


class Step(TypedDict):
    """One state that a test wrote down for a job."""

    word: str
    polls: int | None
    reason: str
    code: int
    signal: int
    by: int | None
    process: bool | None
    requeue: bool
    grace_sec: float
    keeps_row: bool


class Srun(TypedDict):
    """One job step: an `srun` inside a job."""

    number: int
    name: str
    tasks: int
    groups: list[int]
    state: str
    code: int
    signal: int
    started: float
    ended: float | None


class Attempt(TypedDict):
    """One run of a job; a requeued job has several."""

    number: int
    state: str
    by: int | None
    code: int
    signal: int
    nodes: list[str]
    started: float
    ended: float | None
    process: bool
    over: bool
    alive: bool
    group: int | None
    sruns: list[Srun]
    kill_at: float | None
    kill_tick: int | None
    warned: bool


class Job(TypedDict):
    """One job, or one element of an array."""

    key: str
    submission: int
    raw: int
    task: int | None
    state: str
    reason: str
    by: int | None
    code: int
    signal: int
    submitted: float
    eligible_at: float
    started: float | None
    ended: float | None
    time_min: int | None
    held: bool
    restarts: int
    attempts: list[Attempt]
    script: list[Step]
    at: int
    since: int
    grace_until: float | None
    lives_on: int
    row_from: int
    false_pending: int
    pending_until: int
    forgotten: bool
    unrecorded: bool


class Dependency(TypedDict):
    """What a submission waits for: all of its terms, or any of them."""

    any: bool
    terms: list[tuple[str, str]]


class Submission(TypedDict):
    """One accepted `sbatch`."""

    id: int
    order: int
    line: str
    options: dict[str, str]
    script: str
    arguments: list[str]
    command: str
    directory: str
    environment: str
    user: str
    uid: int
    gid: int
    host: str
    counts_tasks: bool
    tasks: list[int]
    limit: int | None
    dependency: Dependency


class Rule(TypedDict):
    """What a test wants for jobs that match."""

    name: str | None
    id: str | None
    partition: str | None
    index: int | None
    task: int | None
    left: int | None
    steps: list[Step] | None
    lives_on: int
    no_row: int
    false_pending: int


class Failure(TypedDict):
    """How a command fails, and how often."""

    command: str
    left: int | None
    skip: int
    why: str
    stderr: str
    stdout: str
    code: int | None
    delay_sec: float
    carried_out: bool


class State(TypedDict):
    """The whole cluster."""

    settings: Settings
    next_id: int
    order: int
    tick: int
    asked: int
    skew_sec: float
    closed: bool
    submissions: dict[int, Submission]
    jobs: dict[str, Job]
    rules: list[Rule]
    failures: list[Failure]
