"""``Progress``: shows a run while it goes on, and what it did when it has ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from furu._sys.clock import SYSTEM_CLOCK
from furu.execution import display, failures
from furu.execution.executor import Done, Failed
from furu.execution.scheduler import Bucket
from furu.execution.tally import Tally
from furu.storage import store
from furu.storage.layout import LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from furu._sys.clock import Clock
    from furu.execution.executor import Job, Outcome
    from furu.execution.scheduler import Scheduler

#: Seconds between two pictures of the live display, and between two lines without one.
PICTURE_SEC, LINE_SEC = 0.2, 10.0


class Progress:
    """Listens to a run, which is shown by ``name``; ``note`` has more to say about it: what its workers do.

    On a terminal a live display; what workers print appears above it.  Elsewhere a line every 10 s.  At the end a summary,
    unless nothing had to be done.  ``wanted`` False shows nothing but what workers print; True shows the summary always.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        workers: int,
        *,
        name: str,
        note: Callable[[], str] | None = None,
        wanted: bool | None = None,
        console: Console | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._scheduler = scheduler
        self._wanted = wanted
        self._clock = clock
        self._console = console or Console(stderr=True)
        self._tally = Tally(scheduler, workers, clock)
        self._name = name
        self._note = note or _nothing
        self._live: Live | None = None
        self._shown_at = clock.monotonic()

    def __enter__(self) -> Self:
        busy = bool(self._scheduler.plan.nodes)
        if self._wanted is not False and busy and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stdout=True)
            self._live.start()
        return self

    def __exit__(self, cls: type[BaseException] | None, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        busy = bool(self._scheduler.plan.nodes)
        if self._wanted or (self._wanted is None and busy):
            self._console.print(self._summary(cls), crop=False)

    def begun(self, jobs: Sequence[Job]) -> None:
        """Jobs were given to the executor, which tells itself when they run."""

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Count what was created; say what has failed while the run goes on."""
        for outcome in outcomes:
            if isinstance(outcome, Done):
                self._tally.computed(outcome.key)
            elif isinstance(outcome, Failed):
                self._failed(outcome)

    def found(self, key: str) -> None:
        """Count what somebody else has created."""
        self._tally.found(key)

    def started(self, job: Job) -> None:
        """Count a job that runs."""
        self._tally.started(job)

    def stopped(self, key: str, *, wall_sec: float, cpu_sec: float) -> None:
        """Count what a job has used."""
        self._tally.stopped(key, wall_sec, cpu_sec)

    def turned(self) -> None:
        """Show how things are, when it is time."""
        self._tally.turned()
        now = self._clock.monotonic()
        if self._live is not None:
            if now - self._shown_at >= PICTURE_SEC:
                self._shown_at = now
                self._live.update(display.live(self._tally, self._name, self._note()), refresh=True)
        elif self._wanted is not False and now - self._shown_at >= LINE_SEC:
            self._shown_at = now
            self._say(Text(display.line(self._tally, self._name, self._note())))

    def printed(self, text: str, *, error: bool) -> None:
        """Pass on what a worker process has printed: above the live display, or to the stream it was meant for."""
        if self._live is not None:
            self._say(Text.from_ansi(text.removesuffix("\n")))
            return
        stream = sys.stderr if error else sys.stdout
        if stream is not None:
            stream.write(text)
            stream.flush()

    def _failed(self, outcome: Failed) -> None:
        again = self._scheduler.bucket(outcome.key) is not Bucket.FAILED
        if not again:
            self._tally.gave_up(outcome.key)
            self._shown_at -= PICTURE_SEC  # the next picture shows it
        if self._wanted is not False and not self._scheduler.stopped:  # else the error is about to tell it all
            what = failures.headline(self._scheduler.plan.nodes[outcome.key].task, outcome).partition("\n")[0]
            self._say(Text(f"{what}; it is tried again" if again else what, "yellow" if again else "red"))

    def _say(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def _summary(self, cls: type[BaseException] | None) -> object:
        failed = [failure.node.task for failure in self._scheduler.failures]
        logs = [(task.furu_ref.label, f"{store.artifact(task.furu_ref).meta_dir}/{LOG}") for task in failed]
        if cls is not None:
            ended = "was interrupted" if issubclass(cls, KeyboardInterrupt) else f"ended by {cls.__name__}"
        else:
            ended = "failed" if failed else "is done"
        return display.summary(self._tally, self._name, logs, ended=ended)


def _nothing() -> str:
    return ""
