"""``Problem``: how every error of the API looks, and what turns errors into it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, PlainTextResponse

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response


class ParameterProblem(BaseModel):
    """What is wrong with one parameter; ``position`` is where, for a filter that cannot be read."""

    parameter: str
    message: str
    position: int | None = None
    suggestions: list[str] = []


class Problem(BaseModel):
    """An error: a sentence for people, and for bad input each parameter at fault."""

    detail: str
    errors: list[ParameterProblem] = []


class BadParameter(Exception):
    """A parameter is wrong in a way that its type cannot say."""

    def __init__(
        self, parameter: str, message: str, *, position: int | None = None, suggestions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.problem = ParameterProblem(
            parameter=parameter, message=message, position=position, suggestions=list(suggestions)
        )


#: What each operation may answer beside its result.
RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "A token is needed"},
    403: {"model": Problem, "description": "The request names an unknown host or comes from another page"},
    422: {"model": Problem, "description": "A parameter is wrong; the answer names it"},
    503: {"model": Problem, "description": "The index is being made anew"},
}
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such thing"}}


def missing(what: str) -> HTTPException:
    """Return the error that says that something is not there."""
    return HTTPException(404, what)


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of the API be a ``Problem``."""

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        if not request.url.path.startswith("/api"):
            return PlainTextResponse(f"{error.detail}\n", status_code=error.status_code, headers=error.headers)
        return _answer(Problem(detail=str(error.detail)), error.status_code, error.headers)

    async def validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        wrong = [ParameterProblem(parameter=_parameter(one["loc"]), message=one["msg"]) for one in error.errors()]
        return _bad(wrong)

    async def parameter(_: Request, error: Exception) -> Response:
        assert isinstance(error, BadParameter)
        return _bad([error.problem])

    async def index(_: Request, error: Exception) -> Response:
        problem = Problem(detail=f"The index is being made anew, ask again in a moment ({error}).")
        return _answer(problem, 503, {"Retry-After": "1"})

    async def unforeseen(_: Request, error: Exception) -> Response:
        return _answer(
            Problem(detail=f"This is an error of the dashboard itself: {type(error).__name__}: {error}"), 500
        )

    app.add_exception_handler(sqlite3.Error, index)
    app.add_exception_handler(Exception, unforeseen)  # it is logged all the same
    app.add_exception_handler(StarletteHTTPException, http)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(BadParameter, parameter)


def _parameter(place: tuple[int | str, ...]) -> str:
    """Return the name of a parameter from its place, such as ``("query", "limit")``."""
    return ".".join(str(step) for step in place[1:]) or str(place[0])


def _bad(wrong: list[ParameterProblem]) -> Response:
    detail = "; ".join(f"{one.parameter}: {one.message}" for one in wrong)
    return _answer(Problem(detail=detail, errors=wrong), 422)


def _answer(problem: Problem, status: int, headers: Any = None) -> Response:
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers)
