"""Experiments: lists of them, filtered and sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query

from furu.catalog import query
from furu.catalog.expression import Expression, both
from furu.catalog.parameters import FuruParameterError, Parameters, expression
from furu.errors import FuruQueryError
from furu.storage.state import AttemptStatus, Backend, ResultStatus
from furu_dashboard import summaries
from furu_dashboard.api.place import Asking, Watching
from furu_dashboard.models import ExperimentList, FacetValue
from furu_dashboard.problems import BadParameter

if TYPE_CHECKING:
    from furu.catalog.catalog import Catalog

router = APIRouter(prefix="/experiments", tags=["experiments"])

FACETS = ("result", "attempt", "failure", "class", "namespace", "backend", "host", "user")
MOST_VALUES = 100
MOST_FIELDS = 50

Text = Annotated[str | None, Query(max_length=1000)]


def asked(
    result_status: Annotated[ResultStatus | None, Query(description="State of the result")] = None,
    attempt_status: Annotated[AttemptStatus | None, Query(description="State of the last attempt")] = None,
    namespace: Annotated[str | None, Query(max_length=1000, description="Module, or module and class")] = None,
    backend: Annotated[Backend | None, Query(description="What ran it")] = None,
    hostname: Text = None,
    user: Text = None,
    started_after: Annotated[str | None, Query(max_length=100, description="ISO 8601")] = None,
    started_before: Annotated[str | None, Query(max_length=100, description="ISO 8601")] = None,
    config_filter: Annotated[list[str] | None, Query(description="Such as lr=0.001; may be repeated")] = None,
    q: Annotated[str, Query(max_length=10_000, description="A query, such as result=failed started>-2d")] = "",
) -> Expression:
    """Return what the documented filters and the query ask for together; all have to hold."""
    given = Parameters(
        result_status=result_status,
        attempt_status=attempt_status,
        namespace=namespace and namespace.replace("/", "."),
        backend=backend,
        hostname=hostname,
        user=user,
        started_after=started_after,
        started_before=started_before,
        config_filter=config_filter or (),
    )
    try:
        return both(expression(given), query.parse(q))
    except FuruParameterError as error:
        raise _bad(error.parameter, error) from None
    except FuruQueryError as error:
        raise _bad("q", error) from None


@router.get("")
def list_experiments(
    asking: Asking,
    watching: Watching,
    wanted: Annotated[Expression, Depends(asked)],
    sort: Annotated[
        str, Query(max_length=1000, description="Fields with commas between, - for descending")
    ] = "-updated",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,10}$", description="next_cursor of the page before")] = None,
    fields: Annotated[list[str] | None, Query(max_length=MOST_FIELDS, description="Paths of configs to tell")] = None,
    facets: Annotated[bool, Query(description="Count the values of fields one would choose from")] = False,
) -> ExperimentList:
    """Return a page of the experiments that the filters let through."""
    first = offset if cursor is None else int(cursor)
    names = [name.strip() for name in sort.split(",") if name.strip()]
    total = watching.remembered(("count", wanted), lambda: asking.count(wanted))
    try:
        rows = list(asking.rows(wanted, sort=names, limit=limit, offset=first))
    except FuruQueryError as error:
        raise _bad("sort", error) from None
    end = first + len(rows)
    return ExperimentList(
        items=[summaries.summary(row, fields or ()) for row in rows],
        total=total,
        next_cursor=str(end) if rows and end < total else None,
        facets=watching.remembered(("facets", wanted), lambda: _facets(asking, wanted)) if facets else {},
        index_version=watching.news.version,
    )


def _facets(asking: Catalog, wanted: Expression) -> dict[str, list[FacetValue]]:
    return {
        field: [
            FacetValue(value=value, count=count)
            for value, count in asking.counts(field, wanted).most_common(MOST_VALUES)
        ]
        for field in FACETS
    }


def _bad(parameter: str, error: FuruQueryError) -> BadParameter:
    """Return the answer to a query that is not understood; its first line says what is wrong, the hints what to write."""
    message = error.message.partition("\n")[0]
    position = error.position if error.query else None
    return BadParameter(parameter, message, position=position, suggestions=tuple(error.hints))
