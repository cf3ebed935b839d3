"""What the demo prints: a table of both passes, and the store as a tree."""

import os
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from digits_sweep.experiments import REPORT, everything
from digits_sweep.passes import Pass

console = Console(highlight=False)


def say(text: str) -> None:
    """Print a sentence or two; ``[bold]...[/]`` is rich's markup."""
    console.print(text)
    console.print()


def comparison(first: Pass, second: Pass) -> None:
    """Print for each step what both passes did, how long that took, and how good the model is; the best in green."""
    steps, summary = everything(), REPORT.load_existing()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_footer=True)
    table.add_column("step", "in all", no_wrap=True)
    table.add_column("model", no_wrap=True)
    table.add_column("first pass", duration(first.total_sec), justify="right", no_wrap=True)
    table.add_column("second pass", duration(second.total_sec), justify="right", no_wrap=True)
    table.add_column("test", justify="right", no_wrap=True)
    for name, step in steps.items():
        scores = summary["scores"].get(name)
        model, test = (str(step), f"{scores['test_accuracy']:.1%}") if scores else ("", "")
        style = "bold green" if name == summary["best"] else ""
        table.add_row(name, model, did(first, name), did(second, name), test, style=style)
    console.print(table)
    best = summary["best"]
    say(f"Best model: [bold green]{best}[/] ({steps[best]}), {summary['scores'][best]['test_accuracy']:.1%} right.")


def did(run: Pass, step: str) -> str:
    """Return what a pass did about one step, and how long it took."""
    return f"{'computed' if step in run.computed else 'loaded'} {duration(run.step_sec[step]):>6}"


def duration(seconds: float) -> str:
    """Return a duration with the unit that suits it."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def store() -> None:
    """Print where everything lies: of each class one artifact with its files, and how many more there are."""
    artifacts: dict[Path, list[Path]] = {}
    for step in everything().values():
        artifacts.setdefault(step.furu_dir.parent, []).append(step.furu_dir)
    trees: dict[Path, Tree] = {}
    for class_dir, directories in artifacts.items():
        module_dir = class_dir.parent
        tree = trees.setdefault(module_dir, Tree(Text(os.path.relpath(module_dir), "bold")))
        branch = tree.add(Text(class_dir.name))
        grow(branch.add(Text(directories[0].name, "cyan")), directories[0])
        if len(directories) > 1:
            branch.add(Text(f"and {len(directories) - 1} more", "dim"))
    for tree in trees.values():
        console.print(tree, "")


def grow(branch: Tree, directory: Path) -> None:
    """Add what is in a directory to a branch of the tree, with sizes; furu's own records in one line."""
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            names = ", ".join(sorted(inner.name for inner in path.iterdir()))
            branch.add(Text(f"{path.name}: {names}", "dim"))
        else:
            branch.add(Text(f"{path.name} ({path.stat().st_size:,} bytes)"))
