"""Collection: which artifacts may go, and why others stay.  Pure: what is to be decided about is passed in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu.catalog.expression import Above, AllOf, AnyOf, Below, Expression, Is, Where, both

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from furu.catalog.row import Row

#: Artifacts whose attempt has ended without a result.
FAILED = AnyOf(
    (
        Where("result", Is("failed")),
        AllOf((Where("result", Is("incomplete")), AnyOf(tuple([Where("attempt", Is(word)) for word in ("crashed", "cancelled", "preempted")])))),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """What a collection would do: the artifacts that go, and those it was asked about that stay, each with the reason."""

    going: tuple[Row, ...]
    kept: tuple[tuple[Row, str], ...]

    @property
    def size(self) -> int:
        """The bytes that would be free."""
        return sum(row.size for row in self.going)

    @property
    def files(self) -> int:
        """The files and directories that would be gone."""
        return sum(row.files for row in self.going)

    @property
    def took_sec(self) -> float:
        """The seconds it took to compute the results that would be gone."""
        return sum(row.duration or 0.0 for row in self.going if row.result == "success")

    @property
    def reasons(self) -> Counter[str]:
        """How many stay, by reason."""
        return Counter(reason for _, reason in self.kept)


def wanted(meaning: Expression, *, failed: bool, older_than: float | None, larger_than: float | None) -> Expression:
    """Return what is asked to go: all that is said has to hold.  ``older_than`` is a time (seconds since the epoch)."""
    found = both(meaning, FAILED) if failed else meaning
    if older_than is not None:
        found = both(found, Where("updated", Below(older_than, equal=True)))
    if larger_than is not None:
        found = both(found, Where("size", Above(larger_than, equal=False)))
    return found


def choose(
    asked: Iterable[Row], needed_by: Mapping[str, set[str]], *, pinned: bool = False, needed: bool = False
) -> Choice:
    """Return which of the artifacts go.

    What is running or queued stays always, what is pinned unless ``pinned``, what another artifact depends on unless ``needed``
    or unless everything that depends on it goes as well.  ``needed_by`` maps a hash to the hashes of those that name it.
    """
    kept: dict[str, tuple[Row, str]] = {}
    going: dict[str, Row] = {}
    for row in asked:
        why = _kept_because(row, pinned=pinned)
        if why is None:
            going[row.hash] = row
        else:
            kept[row.hash] = (row, why)
    staying = [] if needed else [key for key in going if needed_by.get(key, set()) - going.keys()]
    while staying:  # what stays needs what it depends on, which then stays as well
        key = staying.pop()
        if key in going:
            row = going.pop(key)
            kept[key] = (row, "others depend on it")
            staying += [need.furu_hash for need in row.needs if need.furu_hash in going]
    return Choice(tuple(going.values()), tuple(kept.values()))


def _kept_because(row: Row, *, pinned: bool) -> str | None:
    if row.attempt in ("running", "queued") and row.result not in ("success", "migrated"):
        return f"it is {row.attempt}"
    if row.pinned and not pinned:
        return "it is pinned"
    return None
