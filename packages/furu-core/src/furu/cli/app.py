"""``furu``: the verbs of the core, and those that installed packages add."""

from __future__ import annotations

import typer

from furu import _plugins
from furu.cli import (
    bundle,
    demo,
    diff,
    doctor,
    du,
    gc,
    graph,
    invalidate,
    logs,
    ls,
    migrate,
    name,
    output,
    pin,
    plan,
    repro,
    rm,
    run,
    show,
    tag,
    top,
    tree,
    why,
)

_GROUP = "furu.cli"

app = typer.Typer(
    name="furu",
    help="Cacheable, nested pipelines: look at what is there, plan and run what is not.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    cls=output.Verbs,
)
app.command("ls")(ls.ls)
app.command("show")(show.show)
app.command("tree")(tree.tree)
app.command("du")(du.du)
app.command("gc")(gc.gc)
app.command("invalidate")(invalidate.invalidate)
app.command("plan")(plan.plan)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("why")(why.why)
app.command("diff")(diff.diff)
app.command("migrate")(migrate.migrate)
app.command("repro")(repro.repro)
app.command("doctor")(doctor.doctor)
app.command("top")(top.top)
app.command("graph")(graph.graph)
app.command("logs")(logs.logs)
app.command("tag")(tag.tag)
app.command("untag")(tag.untag)
app.command("name")(name.name)
app.command("note")(name.note)
app.command("pin")(pin.pin)
app.command("unpin")(pin.unpin)
app.command("rm")(rm.rm)
app.command("export")(bundle.export)
app.command("import")(bundle.import_)
app.command("snapshot")(bundle.snapshot)


@app.callback(invoke_without_command=True)
def furu(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Cacheable, nested pipelines: look at what is there, plan and run what is not."""
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"furu-core {version_of('furu-core')}")
        raise typer.Exit


def main() -> None:
    """Run the command; packages add verbs through the entry-point group ``furu.cli`` (name -> typer app)."""
    for verb in _plugins.names(_GROUP):
        app.add_typer(_plugins.load(_GROUP, verb), name=verb)
    app()
