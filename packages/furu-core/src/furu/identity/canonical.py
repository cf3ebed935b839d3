"""Canonical: the one form of a value in a key.

The forms are JSON.  None, bool, int, float, str, lists and dicts with text keys stand for themselves, for JSON's own
syntax keeps them apart (``1``, ``1.0``, ``true``, ``"1"``); everything else is an object with a single ``$tag``.
"""

from __future__ import annotations

import json

from furu.errors import FuruIdentityError
from furu.identity.arrays import Scalar
from furu.identity.kinds import ATOMS, SETS, Derived, Registered, kind_of
from furu.identity.leaves import Leaf
from furu.identity.names import class_name
from furu.identity.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TEXT = frozenset((str,))

#: Compact, sorted, ASCII.  Cycles in plain lists end in a RecursionError, which costs nothing to look out for.
dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode
_dumps_unicode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), check_circular=False, ensure_ascii=False
).encode


class Refused(FuruIdentityError):
    """A value that has no canonical form; whoever knows where it was turns this into an error with a path."""

    def __init__(self, value: object, message: str, hints: tuple[str, ...] = ()) -> None:
        super().__init__(message, hints=hints)
        self.value = value


class Canonical:
    """Turns the values of one record into canonical forms.

    A nested record enters as ``[class name, digest]``.  Its digest may not be known yet, so the place is kept in
    ``waiting`` for the caller to fill; what depends on an order is kept in ``unordered`` until then.
    """

    __slots__ = ("unordered", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[Any, list[Any]]] = []
        self.unordered: list[list[Any]] = []

    def form(self, value: Any) -> Any:
        """Return the canonical form of a value; raise ``Refused`` when it has none."""
        kind = type(value)
        if kind in ATOMS:
            return value
        if kind is list or kind is tuple:
            if ATOMS.issuperset(map(type, value)):
                return value
            form = self.form
            return [form(item) for item in value]
        if kind is dict:
            return self._dict(value)
        if kind in SETS:
            return {"$set": self._sorted([self.form(item) for item in value])}
        return self._other(value, kind)

    def settle(self) -> None:
        """Put unordered things in order; every waiting place has been filled."""
        for items in self.unordered:
            items.sort(key=dumps)

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any]:
        if _TEXT.issuperset(map(type, value)) and not any(map(_is_tag, value)):
            if ATOMS.issuperset(map(type, value.values())):
                return value
            form = self.form
            return {key: form(item) for key, item in value.items()}
        return {"$dict": self._sorted([[self.form(key), self.form(item)] for key, item in value.items()])}

    def _sorted(self, items: list[Any]) -> list[Any]:
        self.unordered.append(items)
        return items

    def _other(self, value: Any, cls: type[Any]) -> Any:
        try:
            kind = kind_of(cls)
            match kind:
                case Leaf():
                    return kind.form(value)
                case Record():
                    return self._record(value, kind)
                case Registered():
                    return {"$value": [kind.tag, self.form(kind.encode(value))]}
                case Scalar():
                    return self.form(kind.plain(value))
                case Derived():
                    return {"$derived": [class_name(cls), self.form(plain_of(value, kind))]}
                case None:
                    raise unknown(value)
        except FuruIdentityError as error:
            raise refusal(value, error, "hashed") from None

    def _record(self, value: Any, record: Record) -> Any:
        if record.kind == "namedtuple":
            return {"$tuple": [record.name, record_form(self, value, record)]}
        place = [record.name, None]
        self.waiting.append((value, place))
        return {"$furu" if record.is_furu else "$record": place}


def record_form(canonical: Canonical, value: Any, record: Record) -> dict[str, Any]:
    """Return the fields of a record that count, as canonical forms by name."""
    fields = {}
    for name, coerce in record.counted:
        item = getattr(value, name)
        if coerce is not None:
            item = coerce(item)
        fields[name] = item if type(item) in ATOMS else canonical.form(item)
    if record.kind == "pydantic" and value.__pydantic_extra__:
        fields["$extra"] = canonical.form(value.__pydantic_extra__)
    return fields


def encoded(form: Any) -> bytes:
    """Return the bytes of a form that are digested.

    ASCII escapes cannot tell two lone surrogates from the character they would make up, so text that has any is digested
    a second time as it is.
    """
    try:
        text = dumps(form).encode("ascii")
        if b"\\ud" not in text:
            return text
        whole = _dumps_unicode(form)
    except RecursionError:
        raise FuruIdentityError(
            "lists and dicts nested this deeply cannot be hashed (or one contains itself)"
        ) from None
    except ValueError as error:  # an int of more than 4300 digits
        raise FuruIdentityError(f"a number cannot be hashed: {error}") from None
    try:
        whole.encode("utf-8")
    except UnicodeEncodeError:
        return text + whole.encode("utf-8", "surrogatepass")
    return text


def plain_of(value: Any, kind: Derived) -> Any:
    """Return the built-in value inside an instance of a subclass; raise ``Refused`` when it holds anything else."""
    if getattr(value, "__dict__", None):
        raise unknown(value, " with attributes of its own")
    base = kind.base
    if base is str:
        return str.__str__(value)
    return {int: int.__int__, float: float.__float__}.get(base, base)(value)


def _is_tag(key: str) -> bool:
    return key[:1] == "$"


def unknown(value: Any, but: str = "") -> Refused:
    """Return the error for a value of a type furu does not know."""
    cls = type(value)
    return Refused(
        value,
        f"a value of type {cls.__module__}.{cls.__qualname__}{but}, which furu does not know",
        (
            f"furu.FuruSerializer.register({cls.__qualname__}, encode=..., decode=..., tag={cls.__name__.lower()!r}) "
            "teaches furu the type",
            "furu.field(skip_hash=True) keeps a field out of the key when it does not change the result",
        ),
    )


def refusal(value: Any, error: FuruIdentityError, what: str) -> Refused:
    """Return the error of a value that is of a known kind and yet cannot be hashed, written or spelled."""
    if isinstance(error, Refused):
        return error
    return Refused(value, f"a value that cannot be {what}: {error.message}", error.hints)
