"""Upgrade: a stored config as the classes of today would have it, by the changes they list.

Works from the inside out: a nested config is upgraded before the one that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from furu import config
from furu.errors import MISSING, FuruError
from furu.identity import changes, names, source
from furu.identity.decode import Decoder, from_dict
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from furu.identity.changes import Change
    from furu.identity.records import Record


@dataclass(slots=True)
class Rules:
    """What is known of the past of classes.

    ``moved`` is former name -> class; ``more`` has changes that count as if the class listed them last; with ``defaults``
    a field that no change speaks of takes its default; with ``loose`` a field that is gone is left out, as one that never
    entered the key may be.  ``fit(class, fields)`` has the last word on the values, for data that another program wrote.
    """

    moved: Mapping[str, type] = field(default_factory=changes.moved)
    more: Mapping[type, Sequence[Change]] = field(default_factory=dict)
    defaults: bool = False
    loose: bool = False
    fit: Callable[[type, dict[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A config of today, and what was done to the stored one to get it, in words."""

    obj: Any
    steps: tuple[str, ...]


class AnotherMeaning(FuruError):
    """A config was written when its class, as that says itself, meant something else."""


def upgraded(data: dict[str, Any], rules: Rules) -> Upgraded:
    """Return the config of today that a stored one stands for.

    A field that was left out of the key while it had its ``hash_default``, and is not in the data, has that value.

    Raises ``FuruError`` naming the class and what its changes do not explain, ``AnotherMeaning`` where its revision changed.
    """
    upgrade = _Upgrade(rules)
    obj = from_dict(data, upgrade)
    return Upgraded(obj, tuple(dict.fromkeys(upgrade.steps)))


def current_name(name: str, moved: Mapping[str, type]) -> str:
    """Return what a class is called today, given what it was called once; a name nobody claims stays as it is."""
    cls = _claimed(name, moved)
    return name if cls is None else names.class_name(cls)


def _claimed(name: str, moved: Mapping[str, type]) -> Any:
    """Return what says that it, or the class it is defined in, was called ``name``."""
    if not moved:
        return None
    outer, rest = name, ""
    while outer:
        if outer in moved:
            found: Any = moved[outer]
            for part in rest.split(".") if rest else ():
                found = getattr(found, part, None)
            return found
        outer, _, part = outer.rpartition(".")
        rest = f"{part}.{rest}" if rest else part
    return None


class _Upgrade(Decoder):
    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules
        self.steps: list[str] = []

    def record(self, name: str, fields: dict[str, Any], extra: dict[str, Any], marks: Mapping[str, Any]) -> Any:
        cls = self._class(name)
        record = record_of(cls) if isinstance(cls, type) else None
        if record is None:
            raise FuruError(f"{name} is no config class any more")
        _check_meaning(record, marks)
        if record.name != name:
            self.steps.append(f"{cls.__qualname__}: MovedFrom({name!r})")
        fields = self._changed(record, fields, marks)
        return self.made(record.name, record, fields, extra, {})

    def _class(self, name: str) -> Any:
        """Return the class of a name.  One that has the name today is never taken for another that had it once."""
        claimed = _claimed(name, self.rules.moved)
        if claimed is None:
            return names.resolve(name)
        try:
            found = names.resolve(name)
        except FuruError:
            return claimed
        return found if isinstance(found, type) and record_of(found) and names.class_name(found) == name else claimed

    def _more(self, cls: type) -> list[Change]:
        """Return the changes that count beside those that are listed, by the class or one it is derived from."""
        return [change for base in reversed(cls.__mro__) for change in self.rules.more.get(base, ())]

    def _changed(self, record: Record, fields: dict[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
        free = {one.name for one in record.fields if not one.counts or one.hash_default is not MISSING}
        known = {one.name for one in record.fields}
        label = record.cls.__qualname__
        try:
            after, made = changes.applied(
                [*changes.of(record.cls), *self._more(record.cls)],
                fields,
                known=known,
                needed=known - free,
                recorded=marks.get("$changes", ()),
            )
        except FuruError:
            raise
        except Exception as error:
            raise FuruError(f"a change of {label} fails: {type(error).__name__}: {error}") from error
        self.steps += [f"{label}: {change}" for change in made]
        if self.rules.loose:
            after = {name: value for name, value in after.items() if name in known}
        for one in record.fields:
            if one.name in after or not one.counts:
                continue
            if one.hash_default is not MISSING:
                after = {**after, one.name: one.hash_default}
            elif not one.required and self.rules.defaults:
                self.steps.append(f"{label}: {one.name} takes its default")
            elif not one.required:
                raise FuruError(f"{label} has a field {one.name!r} that no change explains")
        return after if self.rules.fit is None else self.rules.fit(record.cls, after)


def _check_meaning(record: Record, marks: Mapping[str, Any]) -> None:
    """Raise ``FuruError`` when a class says that its results mean something else than when a config was written."""
    label = record.cls.__qualname__
    if marks.get("$revision") != record.revision:
        raise AnotherMeaning(
            f"{label} has revision {record.revision!r} now; this is of revision {marks.get('$revision')!r}"
        )
    if record.is_furu and marks.get("$source") != (
        source.combined(record.cls) if config.current().source_in_key else None
    ):
        raise AnotherMeaning(f"the source of {label} is another one, and FURU_SOURCE_IN_KEY says that it counts")
