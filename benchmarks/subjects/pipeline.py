"""A pipeline as people write them, of which ``store`` makes large stores: datasets, features, trainings, evaluations."""

from __future__ import annotations

import json
from dataclasses import dataclass

import furu


@dataclass(frozen=True)
class Optimizer:
    """A part of a config that is no artifact."""

    name: str = "adamw"
    lr: float = 1e-3
    weight_decay: float = 0.01


class Dataset(furu.Furu[int]):
    """Raw material."""

    source: str = "cifar10"
    shard: int = 0

    def _create(self) -> int:
        (self.furu_dir / "rows.bin").write_bytes(bytes(2_000))
        return self.shard


class Features(furu.Furu[int]):
    """What is computed from a dataset once."""

    dataset: Dataset = furu.field(default_factory=Dataset)
    kind: str = "patches"
    size: int = 32

    def _create(self) -> int:
        (self.furu_dir / "features.bin").write_bytes(bytes(4_000))
        return self.size + self.dataset.get()


class Train(furu.Furu[dict[str, float]]):
    """One training; fails when it diverges."""

    features: Features = furu.field(default_factory=Features)
    optimizer: Optimizer = furu.field(default_factory=Optimizer)
    layers: tuple[int, ...] = (64, 64, 10)
    steps: int = 5_000
    amp: bool = False
    seed: int | None = None

    def _name(self) -> str:
        return f"{self.features.dataset.source} {self.optimizer.name} lr={self.optimizer.lr:g} seed={self.seed}"

    def _create(self) -> dict[str, float]:
        furu.get_logger().info("training for %d steps", self.steps)
        if self.optimizer.lr > 1:
            raise ArithmeticError(f"loss is nan at step {self.steps // 7}")
        lines = [json.dumps({"step": step, "loss": 1 / (1 + step)}) for step in range(20)]
        (self.furu_dir / "metrics.jsonl").write_text("\n".join(lines))
        return {"loss": 0.25}


class Evaluate(furu.Furu[dict[str, float]]):
    """How good one training is."""

    train: Train = furu.field(default_factory=Train)
    split: str = "test"

    @furu.furu_dep
    def reference(self) -> Dataset:
        """Return what it is compared with."""
        return Dataset(source="reference")

    def _create(self) -> dict[str, float]:
        return {"accuracy": 0.9}
