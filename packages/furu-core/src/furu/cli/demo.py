"""``furu demo``: a small pipeline to look at, computed twice."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from furu.errors import FuruError

MODULE = "furu_demo"

PIPELINE = '''"""A pipeline of three steps. Run it again: what is there is loaded."""

from pathlib import Path

import furu


class Points(furu.Furu[list[float]]):
    """Raw material."""

    count: int = 200

    def _create(self) -> list[float]:
        return [(31 * n % 97) / 97 for n in range(self.count)]


class Fit(furu.Furu[float]):
    """A mean found step by step; a rate that is too high diverges."""

    points: Points = furu.field(default_factory=Points)
    rate: float = 0.1

    def _name(self) -> str:
        return f"rate {self.rate}"

    def _create(self) -> float:
        guess = 0.0
        for point in self.points.get():
            guess += self.rate * (point - guess)
            if abs(guess) > 1e6:
                raise ArithmeticError(f"diverged with rate {self.rate}")
        furu.get_logger().info("the mean is about %.3f", guess)
        return guess


class Report(furu.Furu[str]):
    """What came of the fits."""

    fits: list[Fit]

    def _create(self) -> str:
        lines = [f"{fit.rate:>6}  {fit.get():.3f}" for fit in self.fits]
        (self.furu_dir / "report.txt").write_text("\\n".join(lines))
        return "\\n".join(lines)


if __name__ == "__main__":
    furu.set_furu_root(Path(__file__).parent / "furu-data")  # a store of its own
    print(Report(fits=[Fit(rate=rate) for rate in (0.01, 0.1, 0.5)]).get())
    try:
        Fit(rate=3.0).get()
    except ArithmeticError as error:
        print(f"Fit(rate=3.0) failed: {error}")
'''


def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIRECTORY]", help="Where the demo goes; made when it is not there.")
    ] = Path("furu-demo"),
) -> None:
    """Write a small pipeline into a directory, run it twice, and say how to look at what it left.

    Example:  furu demo /tmp/furu-demo
    """
    source = directory / f"{MODULE}.py"
    if directory.exists() and not source.exists() and any(directory.iterdir()):
        raise FuruError(
            f"{directory} is not empty, and no demo of furu", hints=["name another directory: furu demo DIRECTORY"]
        )
    directory.mkdir(parents=True, exist_ok=True)
    if not source.exists():
        source.write_text(PIPELINE)
        (directory / "pyproject.toml").write_text('[project]\nname = "furu-demo"\nversion = "0"\n')
    for what in ("computed, or loaded where it is there", "once more: everything is loaded, but for the failure"):
        typer.secho(f"\n$ python -m {MODULE}    # {what}", bold=True)
        done = subprocess.run([sys.executable, "-m", MODULE], cwd=directory, check=False)
        if done.returncode != 0:
            raise typer.Exit(1)
    store = shlex.quote(str(directory / "furu-data"))
    typer.secho("\nLook at it:", bold=True)
    for verb in ("ls", "ls result=failed --columns artifact,error,config.rate", "du", "gc --failed"):
        typer.echo(f"  furu {verb} --root {store}")
