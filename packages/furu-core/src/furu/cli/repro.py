"""``furu repro``: the code that computed an artifact, and the command that computes it once more."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from furu.errors import FuruError
from furu.migration import repro as recipes

if TYPE_CHECKING:
    from furu.migration.repro import Command, Recipe


def repro(
    key: Annotated[str, typer.Argument(metavar="HASH", help="The key of an artifact, or the beginning of one.")],
    run: Annotated[bool, typer.Option("--run", help="Run the command as well.")] = False,
    into: Annotated[
        Path | None, typer.Option("--into", metavar="DIR", help="Where the worktree goes; it must not exist yet.")
    ] = None,
) -> None:
    """Check out the code that computed an artifact, and print the command that computes it once more.

    The worktree has the recorded commit and the changes that were not committed. Its store is its own; yours is only read.

    Example:  furu repro 3f2a91c0 --run
    """
    console = Console(highlight=False)
    try:
        wanted = recipes.recipe(key, into=None if into is None else os.fspath(into))
        _describe(console, wanted)
        if wanted.missing:
            for line in wanted.missing:
                console.print(f"missing: {line}", style="red", soft_wrap=True, markup=False)
            raise typer.Exit(1)
        command = recipes.check_out(wanted)
    except FuruError as error:
        typer.secho(f"{error}", err=True, fg="red")
        raise typer.Exit(1) from None
    console.print(f"worktree  {wanted.worktree}", soft_wrap=True, markup=False)
    console.print(f"\n{command}\n", soft_wrap=True, markup=False)
    removal = f"git -C {wanted.repository} worktree remove --force {wanted.worktree}"
    console.print(f"when you are done: {removal}", style="dim", soft_wrap=True, markup=False)
    if run:
        raise typer.Exit(_run(console, command, wanted))


def _describe(console: Console, wanted: Recipe) -> None:
    console.print(f"artifact  {wanted.artifact.ref.namespace} {wanted.artifact.ref.furu_hash}", soft_wrap=True)
    if wanted.commit is not None:
        changes = "with" if wanted.patch else "without"
        console.print(f"commit    {wanted.commit[:12]}, {changes} uncommitted changes")
    for line in wanted.notes:
        console.print(f"note      {line}", style="dim", soft_wrap=True, markup=False)


def _run(console: Console, command: Command, wanted: Recipe) -> int:
    """Run the command; return 0 when it has computed an artifact with the same key."""
    environ = os.environ | command.environ  # noqa: TID251 - a child's environment, not a setting
    done = subprocess.run(
        command.argv, cwd=command.directory, env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        console.print(f"it failed, with exit status {done.returncode}", style="red")
        return 1
    key, _, directory = (done.stdout.splitlines() or [""])[-1].partition(" ")
    same = key == wanted.artifact.ref.furu_hash
    note = "" if same else f"; its key is {key}: that code, or its furu, gave the config another one"
    console.print(f"computed into {directory}{note}", style="green" if same else "yellow", soft_wrap=True)
    return 0
