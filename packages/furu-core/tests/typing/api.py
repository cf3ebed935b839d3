"""How the public API looks to type checkers.  Never run: ``make check`` type-checks it.

An ``ignore`` that names an error is a promise that the checker reports this error here; one that is not needed fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, assert_type

import furu
from furu.errors import Missing


class Data(furu.Furu[list[int]]):
    """A dependency."""

    n: int = 3
    name: str = furu.chz.field(default="toy")

    def _create(self) -> list[int]:
        return [self.n]


class Train(furu.Furu[Path]):
    """An artifact with fields of several kinds."""

    data: Data = furu.field(default_factory=Data)
    lr: float = furu.field(default=1e-3, hash_default=1e-3)
    device: str = furu.field(default="cpu", skip_hash=True)
    required: int

    def _create(self) -> Path:
        assert_type(self.data.get(), list[int])
        assert_type(self.lr, float)
        return self.furu_dir

    def _load(self) -> Path:
        return self.furu_dir


class WrongCreate(furu.Furu[int]):
    """A class whose hooks return the wrong type."""

    def _create(self) -> str:  # type: ignore[override]
        return ""

    def _load(self) -> str:  # type: ignore[override]
        return ""


class WrongDefault(furu.Furu[int]):
    """A class whose default has the wrong type."""

    lr: float = furu.field(default="fast")  # type: ignore[assignment]


class Computed(furu.Furu[int]):
    """A class with a computed dependency."""

    @furu.furu_dep
    def data(self) -> Data:
        """Return what this needs."""
        return Data()

    def _create(self) -> int:
        assert_type(self.data(), Data)
        return 1


class Runs(furu.FuruList[Train]):
    """A collection."""

    first = Train(required=1)


train = Train(required=1, lr=1)
assert_type(train.get(), Path)
assert_type(train.load_existing(), Path)
assert_type(train.try_load(), Path | Missing)
assert_type(train.exists(), bool)
assert_type(train.furu_hash, str)
assert_type(Train.from_dict({}), Train)
assert_type(furu.get([Data(), Data()]), list[list[int]])
assert_type(furu.sweep(Train, lr=[1, 2]), list[Train])
assert_type(Runs.all(), list[Train])
assert_type(Runs.by_name("first"), Train)
assert_type(train.get_state().result == "success", bool)
assert_type(train.get_metadata().git_commit, str | None)


class Changed(furu.Furu[int]):
    """A class that says what it was before."""

    migrations = [
        furu.MovedFrom("old.Changed"),
        furu.Renamed("lr", "rate"),
        furu.Added("extra", value=0.0),
        furu.Removed("unused"),
        furu.Retyped("steps", int),
        furu.Rewrite(dict),
    ]
    rate: float = 0.1

    def _create(self) -> int:
        return 1


changed = Changed()
assert_type(changed.why().action, Literal["load", "wait", "create", "refuse"])
assert_type(changed.why().remedy, str | None)
assert_type([one.path for one in furu.diff(train, "3f2a91c0")], list[str])
assert_type(Changed.migrate(furu.Renamed("a", "b"), where=lambda one: one.rate > 0.1, dry_run=True).run, str)
assert_type(Changed.migrate_one("3f2a91c0", to=changed).run, str)
assert_type(changed.original(), Path | None)
assert_type(changed.is_alias, bool)
assert_type([one.furu_hash for one in changed.aliases()], list[str])
assert_type(Changed.all_current(), list[Changed])
assert_type(Changed.all_successful(), list[Changed])
assert_type([one.reason for one in Changed.stale()], list[str])
Changed.migrate("lr")  # type: ignore[arg-type]
Changed.migrate_one("3f2a91c0", to=train)  # type: ignore[arg-type]

Train()  # type: ignore[call-arg]
Train(1)  # type: ignore[arg-type, call-arg]
Train(required="one")  # type: ignore[arg-type]
Train(required=1, lrr=1)  # type: ignore[call-arg]
train.lr = 2.0  # type: ignore[misc]
furu.no_such_name  # type: ignore[attr-defined]  # noqa: B018
