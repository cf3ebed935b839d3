"""``sweep``: many configs of one class from lists of values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

_SEVERAL = (list, tuple, range)


@dataclass(frozen=True, slots=True)
class Zipped:
    """Fields that vary together; made by ``zipped``."""

    columns: Mapping[str, Sequence[Any]]

    def rows(self) -> list[dict[str, Any]]:
        """Return one dictionary of field values for each step."""
        steps = range(len(next(iter(self.columns.values()))))
        return [{name: values[step] for name, values in self.columns.items()} for step in steps]


def zipped(**columns: Sequence[Any]) -> Zipped:
    """Return a group of fields that vary together in a ``sweep``: the first values of all, the second of all, ...

    Raises ``ValueError`` when the lists are not equally long or there are none.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if not lengths or len(set(lengths.values())) != 1:
        raise ValueError(f"zipped() takes lists of one length: {lengths}")
    return Zipped(columns)


def sweep(cls: Callable[..., T], *groups: Zipped, **fields: Any) -> list[T]:
    """Return one object of ``cls`` for each combination of field values.

    A list, tuple or range is swept over; any other value is the same for all.  ``zipped(...)`` groups vary together.
    The last field varies fastest.  A field whose value is itself a list is given as a list of lists.

    Raises ``TypeError`` when a field is given twice, and ``ValueError`` when a list is empty.
    """
    axes: list[list[dict[str, Any]]] = [group.rows() for group in groups]
    for name, values in fields.items():
        if isinstance(values, _SEVERAL) and not values:
            raise ValueError(
                f"sweep({getattr(cls, '__name__', cls)}, {name}={values!r}): there is nothing to sweep over"
            )
        axes.append([{name: value} for value in (values if isinstance(values, _SEVERAL) else [values])])
    given = [name for axis in axes for name in axis[0]]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise TypeError(f"sweep() got fields twice: {', '.join(twice)}")
    return [cls(**{name: value for part in parts for name, value in part.items()}) for parts in product(*axes)]
