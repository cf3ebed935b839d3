"""``python -m furu_dashboard``: the same as ``furu-dashboard``."""

from __future__ import annotations

from furu_dashboard.cli import main

if __name__ == "__main__":
    main()
