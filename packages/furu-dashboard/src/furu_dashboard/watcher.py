"""``Watcher``: keeps the catalog fresh while somebody looks, and tells when something changed."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from furu._sys.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from furu._sys.clock import Clock
    from furu.catalog.catalog import Catalog

#: Between two looks at the store; a store that takes long to look at is looked at less often.
PAUSE_SEC = 1.0
#: Somebody who has asked this recently may ask again.
INTEREST_SEC = 30.0
MOST_REMEMBERED = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class News:
    """What is known of the index: ``version`` grows with each change; ``progress`` is (looked at, in all) of a refresh."""

    version: int = 0
    refresh_sec: float | None = None
    progress: tuple[int, int] | None = None
    trouble: str | None = None


class Watcher:
    """Refreshes the catalog in a thread of its own.

    Promise: requests never wait for it.  It rests while nobody asks, and takes at most half of its thread's time.
    Threads: ``news`` and ``wanted`` may be used from any.
    """

    def __init__(self, catalog: Catalog, clock: Clock = SYSTEM_CLOCK) -> None:
        self.catalog = catalog
        self.news = News()
        self._clock = clock
        self._asked = clock.monotonic()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._print: Any = None
        self._memory: dict[Hashable, Any] = {}
        self._memory_version = 0
        self._memory_lock = threading.Lock()

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="furu-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a refresh in its midst ends by itself with the process."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def wanted(self) -> None:
        """Say that somebody looks at the store."""
        resting = self._clock.monotonic() - self._asked > INTEREST_SEC
        self._asked = self._clock.monotonic()
        if resting:
            self._wake.set()

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, or what it gave for this key since the store changed last: counts over all of it."""
        version = self.news.version
        with self._memory_lock:
            if self._memory_version != version or len(self._memory) >= MOST_REMEMBERED:
                self._memory, self._memory_version = {}, version
            memory = self._memory
        if key not in memory:
            memory[key] = make()
        found: T = memory[key]
        return found

    def _watch(self) -> None:
        while not self._ending.is_set():
            began = self._clock.monotonic()
            self._look()
            took = self._clock.monotonic() - began
            self._wake.clear()
            if self._clock.monotonic() - self._asked > INTEREST_SEC:
                self._wake.wait()
            self._ending.wait(max(PAUSE_SEC, took))

    def _look(self) -> None:
        try:
            done = self.catalog.refresh(progress=self._tell)
            fingerprint = _fingerprint(self.catalog)
        except (OSError, sqlite3.Error) as error:
            self.news = replace(self.news, progress=None, trouble=f"the store could not be looked at: {error}")
            return
        changed = fingerprint != self._print
        self._print = fingerprint
        self.news = News(self.news.version + changed, done.duration_sec)

    def _tell(self, seen: int, total: int, _: int) -> None:
        if self.catalog.refreshed_at is None:
            self.news = replace(self.news, version=self.news.version + 1, progress=(seen, total))


def _fingerprint(catalog: Catalog) -> Any:
    """Return what differs when the store does: a few figures over all artifacts."""
    return (
        catalog.index.connection()
        .execute(
            "SELECT count(*), max(updated), total(updated), total(size), total(files), total(length(name)) FROM artifacts"
        )
        .fetchone(),
        sorted(catalog.counts("result").items()),
        sorted(catalog.counts("attempt").items()),
        sorted(catalog.counts("pinned").items()),
        catalog.index.connection().execute("SELECT count(*), total(length(tag)) FROM tags").fetchone(),
    )
