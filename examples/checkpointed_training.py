"""Training that goes on where it was after a preemption or a time limit: a small network on handwritten digits.

    cd examples
    python -m checkpointed_training                     # here
    python -m checkpointed_training --slurm preempt     # as a job on that partition of a Slurm cluster

Interrupt it (Ctrl-C, ``kill``, or let a job of a higher tier preempt it) and start it again, which Slurm does by itself:
it resumes from ``checkpoint.npz`` in the directory of the artifact.  The result is the same to the last bit.
"""

import argparse
import logging
import os
from typing import NamedTuple, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

import furu

log = logging.getLogger(__name__)  # kept in furu.log beside the result

SAVE_EVERY = 10  # epochs
NEARLY_OVER_SEC = 60.0

Floats = NDArray[np.float64]


class Model(NamedTuple):
    """A network with one hidden layer, how fast its weights move, and how far its training is."""

    epoch: int
    runs: NDArray[np.int64]  # the epochs at which a run of the training began
    into: Floats
    out: Floats
    into_speed: Floats
    out_speed: Floats

    @classmethod
    def fresh(cls, hidden: int, seed: int) -> Self:
        """Return an untrained network."""
        chance = np.random.default_rng(seed)
        into, out = chance.normal(0, 0.1, (65, hidden)), chance.normal(0, 0.1, (hidden + 1, 10))
        return cls(0, np.empty(0, np.int64), into, out, np.zeros_like(into), np.zeros_like(out))

    def scores(self, pixels: Floats) -> tuple[Floats, Floats]:
        """Return what the hidden layer and the output make of some pictures."""
        hidden = np.maximum(_with_one(pixels) @ self.into, 0)
        return hidden, _with_one(hidden) @ self.out


class Result(TypedDict):
    """What comes out: the share of unseen digits that were read correctly, and at which epochs the runs began."""

    accuracy: float
    runs: list[int]


class TrainDigits(furu.Furu[Result]):
    """Trains a network on scikit-learn's digits by stochastic gradient descent with momentum."""

    epochs: int = 300
    hidden: int = 256
    learning_rate: float = 0.01
    momentum: float = 0.9
    batch: int = 16
    seed: int = 0

    def _executor(self) -> furu.SlurmSpec:
        return furu.SlurmSpec(cpus=1, mem_gb=1, time_min=10)

    def _create(self) -> Result:
        pixels, labels, unseen = digits(self.seed)
        model = self.saved() or Model.fresh(self.hidden, self.seed)
        model = model._replace(runs=np.append(model.runs, model.epoch))
        log.info("begins at epoch %d of %d", model.epoch, self.epochs)
        try:
            while model.epoch < self.epochs:
                model = self.epoch(model, pixels[~unseen], labels[~unseen])
                left = furu.time_left()  # None outside of a Slurm job
                if model.epoch % SAVE_EVERY == 0 or (left is not None and left < NEARLY_OVER_SEC):
                    self.save(model)
        finally:
            self.save(model)  # an interruption by the scheduler comes through here; only SIGKILL does not
        right = model.scores(pixels[unseen])[1].argmax(axis=1) == labels[unseen]
        return {"accuracy": float(right.mean()), "runs": model.runs.tolist()}

    def epoch(self, model: Model, pixels: Floats, labels: NDArray[np.int64]) -> Model:
        """Return the network after one more pass over the pictures, in an order that depends on seed and epoch alone."""
        order = np.random.default_rng([self.seed, model.epoch]).permutation(len(labels))
        for picked in np.array_split(order, len(order) // self.batch):
            hidden, scores = model.scores(pixels[picked])
            slope = np.exp(scores - scores.max(axis=1, keepdims=True))
            slope /= slope.sum(axis=1, keepdims=True)
            slope[np.arange(len(picked)), labels[picked]] -= 1
            back = (slope @ model.out[:-1].T) * (hidden > 0)
            into_speed = self.momentum * model.into_speed - self.learning_rate * _slope(pixels[picked], back)
            out_speed = self.momentum * model.out_speed - self.learning_rate * _slope(hidden, slope)
            model = model._replace(
                into=model.into + into_speed, out=model.out + out_speed, into_speed=into_speed, out_speed=out_speed
            )
        return model._replace(epoch=model.epoch + 1)

    def save(self, model: Model) -> None:
        """Keep a network in one step: a reader finds this one or the one before, whatever happens meanwhile."""
        aside = self.furu_dir / "checkpoint.tmp.npz"
        np.savez(aside, **model._asdict())
        os.replace(aside, self.furu_dir / "checkpoint.npz")

    def saved(self) -> Model | None:
        """Return the network that an earlier run has kept, if there is one."""
        try:
            with np.load(self.furu_dir / "checkpoint.npz") as kept:
                return Model(int(kept["epoch"]), *(kept[name] for name in Model._fields[1:]))
        except FileNotFoundError:
            return None


def digits(seed: int) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the pictures, what they show, and which are held back for testing."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels, np.random.default_rng(seed).random(len(labels)) < 0.3


def _with_one(rows: Floats) -> Floats:
    """Return rows with a one behind them, for the constant of the next layer."""
    return np.column_stack([rows, np.ones(len(rows))])


def _slope(before: Floats, after: Floats) -> Floats:
    return _with_one(before).T @ after / len(before)


def main() -> None:
    """Train the network, here or on a cluster, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--slurm", metavar="PARTITION", help="run as a job on this partition")
    options = parser.parse_args()
    training = TrainDigits(epochs=options.epochs)
    if options.slurm is None:
        print(training.get())
        return

    import submitit

    executor = submitit.AutoExecutor(folder=furu.FURU_CONFIG.submitit_root, cluster="slurm")
    executor.update_parameters(slurm_partition=options.slurm, timeout_min=10, cpus_per_task=1, mem_gb=1)
    job = furu.submit(training, executor=executor)
    print(f"job {job.job_id}, log in {training.furu_dir / '.furu' / 'furu.log'}")
    print(job.result())


if __name__ == "__main__":
    main()
