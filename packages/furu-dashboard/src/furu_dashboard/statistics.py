"""Figures over the whole store, from the tables of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog.expression import Is, Where
from furu_dashboard.models import ClassStats, DayStats, Stats

if TYPE_CHECKING:
    from furu._sys.clock import Clock
    from furu.catalog.catalog import Catalog

DAY_SEC = 86_400
MOST_CLASSES = 200


def stats(catalog: Catalog, *, days: int, clock: Clock = SYSTEM_CLOCK) -> Stats:
    """Return counts by state, by class, and by the day on which attempts ended (in this machine's zone), the newest last."""
    results, attempts = catalog.counts("result"), catalog.counts("attempt")
    return Stats(
        total=sum(results.values()),
        size_bytes=sum(row[2] or 0 for row in catalog.sums(["root"])),
        by_result=dict(results),
        by_attempt=dict(attempts),
        classes=_classes(catalog),
        days=_days(catalog, clock.now() - days * DAY_SEC),
    )


def _classes(catalog: Catalog) -> list[ClassStats]:
    """Return the classes, those with most on disk first."""
    usual = {
        namespace: seconds / count
        for namespace, count, _, _, seconds in catalog.sums(["namespace"], Where("result", Is("success")))
    }
    failed = catalog.counts("namespace", Where("result", Is("failed")))
    return [
        ClassStats(
            namespace=namespace,
            class_name=namespace.rpartition(".")[2],
            count=count,
            failed=failed[namespace],
            size_bytes=size or 0,
            duration_sec=seconds,
            usual_duration_sec=usual.get(namespace),
        )
        for namespace, count, size, _, seconds in catalog.sums(["namespace"])[:MOST_CLASSES]
    ]


def _days(catalog: Catalog, since: float) -> list[DayStats]:
    found: dict[str, DayStats] = {}
    rows = catalog.index.connection().execute(
        "SELECT date(ended, 'unixepoch', 'localtime'), attempt, count(*) FROM artifacts WHERE ended >= ? GROUP BY 1, 2",
        (since,),
    )
    for day, attempt, count in rows:
        of_day = found.setdefault(day, DayStats(day=day, success=0, failed=0, other=0))
        match attempt:
            case "success":
                of_day.success += count
            case "failed" | "crashed":
                of_day.failed += count
            case _:
                of_day.other += count
    return [found[day] for day in sorted(found)]
