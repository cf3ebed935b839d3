"""Looks at furu stores in the browser: a read-only API over the records of a store, and a web app on top of it."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__", "main"]


def main() -> None:
    """Run the command ``furu-dashboard``; what it needs is imported only now."""
    from furu_dashboard import cli

    cli.main()
