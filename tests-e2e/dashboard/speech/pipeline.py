"""Pipelines of every kind that a dashboard has to show: long and short, failing, stuck, with files of several formats."""

from __future__ import annotations

import csv
import json
import logging
import math
import random
import struct
import time
import zlib
from pathlib import Path

import furu

log = logging.getLogger(__name__)


class Corpus(furu.Furu[list[str]]):
    """Recordings of one language."""

    language: str = "en"
    hours: int = 10

    def _create(self) -> list[str]:
        log.info("reading %d hours of %s", self.hours, self.language)
        return [f"{self.language}-{number:05}.wav" for number in range(self.hours * 4)]

    def _name(self) -> str:
        return f"{self.language}, {self.hours} h"


class Tokenizer(furu.Furu[dict[str, int]]):
    """Learnt from several corpora."""

    corpora: list[Corpus]
    size: int = 1000
    lower_case: bool = True

    def _create(self) -> dict[str, int]:
        words = [word for corpus in self.corpora for word in corpus.get()]
        return {word: number for number, word in enumerate(words[: self.size])}


@furu.chz.chz
class Optimizer:
    """How weights are changed; a part of a config without a result of its own."""

    name: str = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)


class TrainModel(furu.Furu[dict[str, float]]):
    """A model, with its curve as CSV, its predictions as JSON lines, and a picture."""

    corpus: Corpus
    tokenizer: Tokenizer
    optimizer: Optimizer = furu.chz.field(default_factory=Optimizer)
    layers: int = 4
    seed: int = 0
    note: str | None = None

    def _create(self) -> dict[str, float]:
        chance = random.Random(f"{self.seed} {self.layers} {self.optimizer.lr}")
        self.tokenizer.get()
        log.info("%d recordings, %d layers", len(self.corpus.get()), self.layers)
        loss = 4.0
        with (self.furu_dir / "curve.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "loss", "accuracy", "phase"])
            for step in range(0, 2000, 10):
                loss = 0.3 + 3.7 * math.exp(-step * self.optimizer.lr / 2) + chance.random() * 0.1
                writer.writerow([step, round(loss, 4), round(1 - loss / 4.5, 4), "warm-up" if step < 200 else "full"])
                if step % 200 == 0:
                    log.info("step %d: loss %.3f", step, loss)
        log.warning("no validation set was given; the last checkpoint is kept")
        with (self.furu_dir / "predictions.jsonl").open("w") as file:
            for number in range(60):
                said = {"id": number, "text": f"utterance {number}", "score": round(chance.random(), 3)}
                file.write(json.dumps(said) + "\n")
        (self.furu_dir / "plots").mkdir(exist_ok=True)
        (self.furu_dir / "plots" / "attention.png").write_bytes(_picture(chance))
        (self.furu_dir / "weights.bin").write_bytes(bytes(chance.randrange(256) for _ in range(20_000)))
        return {"loss": round(loss, 4), "accuracy": round(1 - loss / 4.5, 4)}

    def _name(self) -> str:
        return f"{self.layers} layers, lr {self.optimizer.lr:g}, seed {self.seed}"


class Evaluate(furu.Furu[dict[str, float]]):
    """Fails for what it was not made for."""

    model: TrainModel
    beam: int = 1

    def _create(self) -> dict[str, float]:
        scores = self.model.get()
        log.info("beam of %d", self.beam)
        if self.beam > 4:
            raise MemoryError(f"a beam of {self.beam} does not fit: {self.beam * 11} GB asked for, 40 GB there")
        return {"wer": round(1 - scores["accuracy"], 4)}


class Report(furu.Furu[str], version_controlled=True):
    """What is worth a commit."""

    evaluations: dict[str, list[Evaluate]]

    def _create(self) -> str:
        lines = ["# Word error rates", "", "| name | rate |", "| --- | --: |"]
        for name, some in self.evaluations.items():
            lines += [f"| {name} | {one.get()['wer']:.1%} |" for one in some]
        (self.furu_dir / "report.md").write_text("\n".join(lines) + "\n")
        (self.furu_dir / "scores.json").write_text(
            json.dumps({name: [one.get() for one in some] for name, some in self.evaluations.items()}, indent=2)
        )
        return lines[-1]


class Stream(furu.Furu[int]):
    """Runs until it is told to stop, and logs all the while."""

    name_of_stream: str = "live"

    def _create(self) -> int:
        for number in range(100_000):
            log.info("block %d of %s", number, self.name_of_stream)
            time.sleep(0.2)
        return 0


class AVeryLongNameOfAClassThatSomebodyThoughtWouldExplainEverythingThereIsToKnowAboutIt(furu.Furu[Path]):
    """Has long names everywhere."""

    an_equally_long_name_of_a_field_that_goes_on_and_on_without_any_end_in_sight: str = "x" * 400

    def _create(self) -> Path:
        name = "a_file_with_a_name_that_is_longer_than_any_column_it_will_ever_be_shown_in_" * 2
        (self.furu_dir / f"{name}.txt").write_text("y" * 5000)
        return self.furu_dir

    def _name(self) -> str:
        return "A name for people that is as long as a name can be before it becomes a sentence and then a paragraph"


def _picture(chance: random.Random) -> bytes:
    """Return a PNG of 64 x 64 grey squares."""
    rows = b"".join(b"\0" + bytes(chance.randrange(256) for _ in range(64)) for _ in range(64))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
