"""Options that many verbs have: which store, which artifact, which output."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from furu import config
from furu.catalog import place, reference

if TYPE_CHECKING:
    from furu.catalog.place import Place
    from furu.storage.artifact import Artifact

MOST_COMPLETED = 50


def _completed(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return references that begin as what was typed; a shell asks for them."""
    given = store(ctx.params.get("root"))
    labels = (f"{one.ref.namespace.rpartition('.')[2]}-{one.ref.furu_hash[:8]}" for one in reference.stored(given))
    hashes = (one.ref.furu_hash for one in reference.stored(given))
    wanted = (text for texts in (labels, hashes) for text in texts if text.startswith(incomplete))
    return list(islice(wanted, MOST_COMPLETED))


Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="PATH", help="The store: a directory with data/ below it (default: FURU_PATH)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help=reference.HELP, autocompletion=_completed)]
Refs = Annotated[
    list[str],
    typer.Argument(metavar="REF", help=reference.HELP.replace("The", "Each", 1), autocompletion=_completed),
]


def store(root: Path | str | None) -> Place:
    """Return the store that ``--root`` names, and have the settings name it as long as the verb runs; or that of the settings."""
    if root is not None:
        named = place.below(root)
        settings = config.current()
        settings.base_root = Path(named.base)
        settings.version_controlled_root_override = Path(named.artifacts)
    return place.of_settings()


def artifacts(refs: list[str], root: Path | None) -> list[Artifact]:
    """Return the artifacts that references name, each once, in the order given."""
    given = store(root)
    return list({one.directory: one for one in (reference.resolve(text, given) for text in refs)}.values())
