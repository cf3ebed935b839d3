"""``furu run``: build what a module names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from furu import _plugins
from furu.cli import target
from furu.errors import FuruError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(
    what: Annotated[str, typer.Argument(metavar="TARGET", help=target.HELP)],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many artifacts to build at once.")] = 8,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="After a failure build what does not depend on it.")
    ] = False,
    slurm_pool: Annotated[
        bool, typer.Option("--slurm-pool", help="Run on a Slurm cluster instead of this machine.")
    ] = False,
) -> None:
    """Build everything that TARGET needs, several artifacts at once, and stop at the first failure.

    Example:  furu run my_project.experiments:Sweep -j 8 --keep-going
    """
    roots = target.objects(what)
    try:
        if slurm_pool:
            _executor("run_slurm_pool")(roots, max_workers_total=jobs)
        else:
            _executor("run_local")(roots, max_workers=jobs, keep_going=keep_going)
    except (FuruError, ImportError) as error:
        typer.secho(f"{error}", err=True, fg="red")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _executor(name: str) -> Callable[..., Any]:
    """Return a run function; raises ``ImportError`` naming the package that brings it."""
    distribution = "furu-exec-slurm" if "slurm" in name else "furu-exec-local"
    found: Callable[..., Any] = _plugins.provided(name, distribution=distribution, face="furu.execution")
    return found
