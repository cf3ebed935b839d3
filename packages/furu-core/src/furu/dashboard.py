"""``python -m furu.dashboard``: the dashboard, from the optional package furu-dashboard.

Without it, an ``ImportError`` says what to install.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu_dashboard import main

__all__ = ["main"]


def _resolve(name: str) -> Any:
    from furu import _plugins

    if name in __all__:
        return _plugins.provided(name, distribution="furu-dashboard", face="furu.dashboard")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        return _resolve(name)


if __name__ == "__main__":
    try:
        run = _resolve("main")
    except ImportError as error:
        raise SystemExit(str(error)) from None
    run()
