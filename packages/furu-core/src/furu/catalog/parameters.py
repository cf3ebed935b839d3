"""Parameters: the documented filters of the dashboard's API as an expression, to be combined with a query."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from furu.catalog import query
from furu.catalog.expression import EVERYTHING, AnyOf, Expression, Is, Like, Where, both
from furu.catalog.fields import CONFIG
from furu.catalog.tokens import tokens
from furu.errors import FuruQueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXTS = ("result_status", "attempt_status", "backend", "hostname", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What may be asked for besides a query; all that is given has to hold.

    ``namespace`` is a prefix of whole parts; times are ISO 8601, bounds included; each ``config_filter`` is one comparison of a field
    of the config, such as ``lr=0.001`` or ``optimizer.name~adam``.
    """

    result_status: str | None = None
    attempt_status: str | None = None
    namespace: str | None = None
    backend: str | None = None
    hostname: str | None = None
    user: str | None = None
    started_after: str | None = None
    started_before: str | None = None
    config_filter: Sequence[str] = ()


class FuruParameterError(FuruQueryError):
    """A parameter is wrong; ``parameter`` is its name."""

    parameter: str = ""


def expression(given: Parameters, *, now: float | None = None) -> Expression:
    """Return what holds when all parameters do; raises ``FuruParameterError`` naming the one that is wrong."""
    found: Expression = EVERYTHING
    for field in fields(given):
        value = getattr(given, field.name)
        if value is None or value == ():
            continue
        try:
            found = both(found, _one(field.name, value, now))
        except FuruQueryError as error:
            wrong = FuruParameterError(f"{field.name}: {error.message}", hints=error.hints)
            wrong.parameter, wrong.query, wrong.position = field.name, error.query, error.position
            raise wrong from None
    return found


def _one(name: str, value: str | Sequence[str], now: float | None) -> Expression:
    if name == "config_filter":
        found: Expression = EVERYTHING
        for said in [value] if isinstance(value, str) else value:
            text = said if said.startswith(CONFIG) else CONFIG + said
            second = tokens(text)[1]
            if second.kind != "operator" and second.text != "in":
                raise FuruQueryError.at(text, (0, len(text)), "this compares nothing", hints=["such as lr=0.001"])
            found = both(found, query.parse(text, now=now))
        return found
    assert isinstance(value, str)
    if name in _TEXTS:
        return Where(query.field_named(name) or name, Is(value))
    if name == "namespace":
        return AnyOf((Where("namespace", Is(value)), Where("namespace", Like(f"{value.removesuffix('.')}.*"))))
    sign = ">=" if name == "started_after" else "<="
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return query.parse(f'started{sign}"{quoted}"', now=now)
