"""``furu pin`` and ``furu unpin``: artifacts that neither gc nor rm takes away."""

from __future__ import annotations

import typer

from furu.catalog import labels
from furu.cli import options


def pin(refs: options.Refs, root: options.Root = None) -> None:
    """Pin artifacts: gc never collects them, and rm removes them only with --pinned.

    Example:  furu pin Train-1a2b3c4d Train-99aabbcc
    """
    _set(refs, root, pinned=True)


def unpin(refs: options.Refs, root: options.Root = None) -> None:
    """Let pinned artifacts be collected and removed again.

    Example:  furu unpin Train-1a2b3c4d
    """
    _set(refs, root, pinned=False)


def _set(refs: list[str], root: options.Root, *, pinned: bool) -> None:
    for artifact in options.artifacts(refs, root):
        labels.change(artifact.meta_dir, lambda it: it.pin(pinned))
        typer.echo(f"{'pinned' if pinned else 'not pinned'}: {artifact.ref.label}")
