"""The documented parameters of the dashboard's API mean what their queries would."""

from __future__ import annotations

import pytest

from furu.catalog.expression import EVERYTHING, AllOf, AnyOf, Is, Like, Where
from furu.catalog.parameters import FuruParameterError, Parameters, expression
from furu.catalog.query import parse


@pytest.mark.parametrize(
    ("given", "query"),
    [
        (Parameters(result_status="success", user="me"), "result=success user=me"),
        (Parameters(attempt_status="running", backend="local", hostname="a"), "attempt=running backend=local host=a"),
        (Parameters(started_after="2026-01-31T00:00:00Z"), "started>=2026-01-31T00:00:00Z"),
        (Parameters(started_before="2026-01-31"), "started<=2026-01-31"),
        (Parameters(config_filter=["lr=0.001", "config.opt~adam"]), "config.lr=0.001 config.opt~adam"),
    ],
)
def test_parameters_mean(given: Parameters, query: str) -> None:
    """Each is one comparison; all have to hold."""
    found, meant = expression(given, now=0.0), parse(query, now=0.0)
    assert found == meant


def test_no_parameter_is_about_everything() -> None:
    """Nothing given is nothing asked."""
    assert expression(Parameters()) == EVERYTHING


def test_a_namespace_is_a_prefix_of_whole_parts() -> None:
    """``my.project`` is about ``my.project.Train``, and not about ``my.projects``."""
    found = expression(Parameters(namespace="my.project"))

    assert found == AnyOf((Where("namespace", Is("my.project")), Where("namespace", Like("my.project.*"))))


def test_a_value_is_taken_as_it_is() -> None:
    """A user called ``a or b`` is one user."""
    assert expression(Parameters(user="a or b", hostname="x*")) == AllOf(
        (Where("host", Is("x*")), Where("user", Is("a or b")))
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (Parameters(started_after="then"), "started_after"),
        (Parameters(started_before='"'), "started_before"),
        (Parameters(config_filter=["lr"]), "config_filter"),
        (Parameters(config_filter=["lr=("]), "config_filter"),
    ],
)
def test_a_wrong_parameter_is_named(given: Parameters, name: str) -> None:
    """The error knows which parameter it is about."""
    with pytest.raises(FuruParameterError) as caught:
        expression(given)
    assert caught.value.parameter == name
    assert str(caught.value).startswith(f"{name}: ")
