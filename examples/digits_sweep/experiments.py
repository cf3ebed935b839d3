"""What is run: the named experiments, and everything they need."""

import furu
from digits_sweep.pipeline import Dataset, Features, Forest, Neighbours, Report, Split, TrainModel


class Experiments(furu.FuruList[TrainModel]):
    """The models we compare.  Those of a sweep are named after their place in it: ``neighbours.0``, ``neighbours.1``."""

    baseline = TrainModel()
    scaled = TrainModel(features=Features(scale=True))

    # Every combination of the values: 2 feature sets x 3 numbers of neighbours.
    neighbours = furu.sweep(
        TrainModel,
        features=furu.sweep(Features, components=[16, 32]),
        classifier=furu.sweep(Neighbours, k=[1, 3, 9]),
    )
    # Fields that vary together: two forests, not four.
    forest = furu.sweep(
        TrainModel,
        classifier=furu.sweep(Forest, furu.zipped(trees=[50, 200], depth=[6, None])),
    )


REPORT = Report(models=dict(Experiments.items()))


def everything() -> dict[str, furu.Furu[object]]:
    """Return every step by name, each after those that it needs.

    Only so that the demo can tell them apart: ``REPORT.get()`` alone would compute them all.
    """
    features = dict.fromkeys(model.features for model in Experiments.all())  # equal configs are equal objects
    return {
        "dataset": Dataset(),
        "split": Split(),
        **{f"features.{place}": each for place, each in enumerate(features)},
        **dict(Experiments.items()),
        "report": REPORT,
    }
