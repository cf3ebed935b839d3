"""Classes whose artifacts the tests of the catalog look for."""

from __future__ import annotations

from dataclasses import dataclass

import furu


@dataclass(frozen=True)
class Optimizer:
    """A part of a config that is no artifact."""

    name: str = "adam"
    lr: float = 0.1


class Dataset(furu.Furu[int]):
    """A dependency."""

    n: int = 1

    def _create(self) -> int:
        (self.furu_dir / "rows.bin").write_bytes(bytes(10_000))
        return self.n


class Train(furu.Furu[int]):
    """Something with a nested config, a name, and a way to fail."""

    dataset: Dataset = furu.field(default_factory=Dataset)
    optimizer: Optimizer = furu.field(default_factory=Optimizer)
    layers: tuple[int, ...] = (3, 4)
    seed: int | None = None

    def _name(self) -> str:
        return f"{self.optimizer.name} {self.optimizer.lr}"

    def _create(self) -> int:
        if self.optimizer.lr < 0:
            raise ValueError("lr is negative")
        return self.dataset.get()


class Outer:
    """Holds a class."""

    class Inner(furu.Furu[int]):
        """A nested class."""

        def _create(self) -> int:
            return 1


class Versioned(furu.Furu[int], version_controlled=True):
    """An artifact of the other root."""

    def _create(self) -> int:
        return 1


class Note(furu.Furu[int]):
    """Something with a long text."""

    text: str

    def _create(self) -> int:
        return len(self.text)
