"""The steps of the pipeline: Dataset -> Split -> Features -> TrainModel -> Report.

A class is a step, an object is one configuration of it.  ``_create`` says how a step is computed; ``get()`` runs it once
per configuration, whoever asks for it, and loads what is there ever after.

scikit-learn is imported inside ``_create``, so a process that only loads results never waits for it.
"""

import json
import logging
import pickle
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

import furu

log = logging.getLogger(__name__)  # what a step logs while it is computed is kept beside its result


class Digits(NamedTuple):
    """The data set: n pictures as rows of 64 pixels, shape (n, 64), and the n digits they show."""

    pixels: NDArray[np.float64]
    labels: NDArray[np.int64]


class Dataset(furu.Furu[Digits]):
    """Handwritten digits, 8 x 8 pixels each, as scikit-learn ships them.

    This step writes a file of its own format, so it says how to load it as well.
    """

    classes: int = 10  # the digits 0 to classes - 1

    def _create(self) -> Digits:
        from sklearn.datasets import load_digits

        digits = Digits(*load_digits(n_class=self.classes, return_X_y=True))
        np.savez_compressed(self.furu_dir / "digits.npz", **digits._asdict())
        return digits

    def _load(self) -> Digits:
        with np.load(self.furu_dir / "digits.npz") as stored:
            return Digits(**stored)

    def _validate(self) -> bool:
        # Asked before a stored result is used; False has it computed again.  Here: somebody removed the file.
        return (self.furu_dir / "digits.npz").is_file()


class Split(furu.Furu[NDArray[np.bool_]]):
    """Which pictures are held back for testing: one bool for each.

    There is no ``_load``: furu stores the array as ``.npy`` and reads it back.
    """

    dataset: Dataset = furu.chz.field(default_factory=Dataset)
    test_fraction: float = 0.3
    seed: int = 0

    def _create(self) -> NDArray[np.bool_]:
        count = len(self.dataset.get().labels)  # a dependency: computed now if it is not there yet, else loaded
        return np.random.default_rng(self.seed).random(count) < self.test_fraction


class Features(furu.Furu[NDArray[np.float64]]):
    """What a model sees of the pictures: their pixels, scaled or reduced to principal components when asked for."""

    split: Split = furu.chz.field(default_factory=Split)
    scale: bool = False
    components: int | None = None

    def _create(self) -> NDArray[np.float64]:
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import StandardScaler

        features, training = self.split.dataset.get().pixels, ~self.split.get()
        # Fitted on the training rows alone: nothing may be learnt from the pictures we test on.
        if self.scale:
            features = StandardScaler().fit(features[training]).transform(features)
        if self.components is not None:
            features = PCA(self.components, random_state=0).fit(features[training]).transform(features)
        return features

    def __str__(self) -> str:
        return ("scaled " if self.scale else "") + (f"PCA {self.components}" if self.components else "pixels")


@furu.chz.chz
class Neighbours:
    """Votes of the k nearest training pictures.  A plain chz class: part of a config, without a result of its own."""

    k: int = 5

    def build(self, workers: int) -> Any:
        """Return the untrained classifier."""
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(self.k, n_jobs=workers)

    def __str__(self) -> str:
        return f"nearest {self.k}"


@furu.chz.chz
class Forest:
    """Votes of randomised decision trees."""

    trees: int = 100
    depth: int | None = None

    def build(self, workers: int) -> Any:
        """Return the untrained classifier."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(self.trees, max_depth=self.depth, n_jobs=workers, random_state=0)

    def __str__(self) -> str:
        return f"{self.trees} trees" + (f", depth {self.depth}" if self.depth else "")


class Scores(TypedDict):
    """How well a model does."""

    test_accuracy: float
    train_accuracy: float
    mistakes: int


class TrainModel(furu.Furu[Scores]):
    """One trained model.  Its scores are the result, stored as JSON; the model itself lies beside them."""

    features: Features = furu.chz.field(default_factory=Features)
    classifier: Neighbours | Forest = furu.chz.field(default_factory=Neighbours)
    workers: int = furu.field(default=1, skip_hash=True)  # changes how fast, not what: no part of the key

    def _create(self) -> Scores:
        features, test = self.features.get(), self.features.split.get()
        labels = self.features.split.dataset.get().labels
        model = self.classifier.build(self.workers).fit(features[~test], labels[~test])
        (self.furu_dir / "model.pkl").write_bytes(pickle.dumps(model))
        right = model.predict(features) == labels
        log.info("%s: %d of %d right", self, right[test].sum(), test.sum())
        return Scores(
            test_accuracy=round(float(right[test].mean()), 4),
            train_accuracy=round(float(right[~test].mean()), 4),
            mistakes=int((~right[test]).sum()),
        )

    def __str__(self) -> str:
        return f"{self.classifier}, {self.features}"


class Summary(TypedDict):
    """What the report says: the best model's name, and the scores of all."""

    best: str
    scores: dict[str, Scores]


class Report(furu.Furu[Summary], version_controlled=True):
    """The models side by side, best first, to read (``report.md``) and to work on with programs (``report.json``).

    Version controlled: small, and worth a commit, so it is stored apart from the bulky results.
    """

    models: dict[str, TrainModel]

    def _create(self) -> Summary:
        scores = {name: model.get() for name, model in self.models.items()}
        ranked = sorted(scores, key=lambda name: -scores[name]["test_accuracy"])
        summary = Summary(best=ranked[0], scores={name: scores[name] for name in ranked})
        (self.furu_dir / "report.json").write_text(json.dumps(summary, indent=2))
        lines = ["# Digits", "", "| model | what | test | train |", "| --- | --- | --: | --: |"]
        for name in ranked:
            test, train = scores[name]["test_accuracy"], scores[name]["train_accuracy"]
            lines.append(f"| {name} | {self.models[name]} | {test:.1%} | {train:.1%} |")
        (self.furu_dir / "report.md").write_text("\n".join(lines) + "\n")
        return summary

    def _load(self) -> Summary:
        summary: Summary = json.loads((self.furu_dir / "report.json").read_text())
        return summary
