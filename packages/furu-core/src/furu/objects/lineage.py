"""Lineage: what a Furu object says about earlier forms of its class, and what is done about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.identity.names import is_furu

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any, ClassVar, Self

    from furu.engine.explain import Why
    from furu.identity.changes import Change
    from furu.migration.listing import StaleResult
    from furu.migration.run import MigrationReport
    from furu.task import ArtifactRef, Original


class Lineage:
    """The part of ``Furu`` that deals with change."""

    if TYPE_CHECKING:
        migrations: ClassVar[Sequence[Change]]
        furu_ref: Any

    def why(self) -> Why:
        """Return what ``get()`` would do now, and why: which stored configs are nearest, and where they differ.

        Computes nothing.  Prints as text, and in colour with rich.
        """
        from furu.engine import explain

        return explain.why(self)  # type: ignore[arg-type]

    @classmethod
    def migrate(
        cls,
        *changes: Change,
        where: Callable[[Self], bool] | None = None,
        defaults: bool = False,
        dry_run: bool = False,
    ) -> MigrationReport:
        """Let the results of earlier forms of this class count for the configs of today, also where others nest it.

        ``changes`` count as if they stood last in the class's ``migrations``; with ``defaults`` a field that no change
        speaks of takes its default; ``where`` is asked about each config of today; ``dry_run`` only says what would be
        done.

        Nothing is copied, moved or overwritten: the new key becomes an alias.  Safe while others migrate and compute.
        """
        from furu.migration import plan, run

        return run.migrate(plan.Request(cls, changes, defaults=defaults, where=where), dry_run=dry_run)

    @classmethod
    def migrate_one(
        cls, source: str | os.PathLike[str] | Lineage, to: Self | None = None, *, dry_run: bool = False
    ) -> MigrationReport:
        """Let one stored result count for one config of today.

        ``source`` is a key or the beginning of one, a directory, or an object.  ``to`` is the config it counts for, whatever
        the changes say; without it they lead there, and fields they do not speak of take their defaults.

        Raises ``FuruError`` when ``source`` has no result.
        """
        from furu.migration import one

        wanted = source.furu_ref if is_furu(source) else source  # type: ignore[union-attr]
        return one.migrate_one(cls, wanted, to, dry_run=dry_run)  # type: ignore[arg-type]

    @property
    def is_alias(self) -> bool:
        """Whether the result of this config is one of an earlier form: there is one, and it was stored under another key."""
        return self.original() is not None

    def original(self) -> Path | None:
        """Return the directory of the artifact that this one is an alias of; None when it is no alias, or a dangling one."""
        from furu.migration import listing

        return listing.original(self)  # type: ignore[arg-type]

    def aliases(self) -> list[ArtifactRef]:
        """Return the names of all artifacts that are aliases of this one, or of the same one.  Looks through the store."""
        from furu.migration import listing

        return listing.aliases(self)  # type: ignore[arg-type]

    @classmethod
    def all_current(cls) -> list[Self]:
        """Return the config of every stored artifact of this class that is of today's form, in whatever state it is."""
        from furu.migration import listing

        return listing.all_current(cls)

    @classmethod
    def all_successful(cls) -> list[Self]:
        """Return the config of today for every stored result of this class, aliases included."""
        from furu.migration import listing

        return listing.all_successful(cls)

    @classmethod
    def stale(cls) -> list[StaleResult]:
        """Return the stored results of this class, and of what it was called before, that no config of today leads to."""
        from furu.migration import listing

        return listing.stale(cls)

    def _furu_former(self) -> Original | None:
        from furu.migration import former

        return former.find(self)  # type: ignore[arg-type]

    def _furu_adopt(self) -> None:
        from furu.migration import former

        former.adopt(self)  # type: ignore[arg-type]

    def _furu_stale(self) -> None:
        from furu.migration import former

        former.tell_stale(self)  # type: ignore[arg-type]
