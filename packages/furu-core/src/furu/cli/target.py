"""``module:expression``: what a verb is asked to work on."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from furu.errors import FuruError
from furu.identity import names

if TYPE_CHECKING:
    from furu.task import Task

HELP = (
    "What to work on, as module:expression. The expression is evaluated in the module and names a FuruList, a list, or "
    "one object, such as my_project.experiments:Sweep or my_project.pipelines:TrainModel(lr=0.1)."
)


def objects(target: str) -> list[Task]:
    """Return the Furu objects that ``module:expression`` names, looking for the module in the working directory too.

    Raises ``typer.BadParameter`` saying what is wrong with it.
    """
    module_name, colon, expression = target.partition(":")
    if not colon or not module_name or not expression:
        raise typer.BadParameter(f"{target!r} is not module:expression", param_hint="TARGET")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise typer.BadParameter(
            f"there is no module {module_name!r} (searched from the working directory and sys.path)",
            param_hint="TARGET",
        ) from None
    try:
        found: Any = eval(expression, vars(module))
    except FuruError:
        raise
    except Exception as error:
        raise typer.BadParameter(
            f"{expression!r} in {module_name}: {type(error).__name__}: {error}", param_hint="TARGET"
        ) from error
    return _listed(found, target)


def _listed(found: Any, target: str) -> list[Task]:
    if names.is_furu(found):
        return [found]
    try:
        listed = list(found.values() if isinstance(found, dict) else found)
    except TypeError:
        listed = [None]
    if not listed:
        raise typer.BadParameter(f"{target} is empty", param_hint="TARGET")
    if not all(names.is_furu(one) for one in listed):
        raise typer.BadParameter(
            f"{target} is a {type(found).__name__}; it has to be a FuruList, a list of Furu objects, or one object",
            param_hint="TARGET",
        )
    return listed
