"""Write the description of the API from which the client is generated: ``src/api/openapi.json``.

With ``--check`` nothing is written; the exit code is 1 when the API is not as described any more.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from furu.catalog.place import Place
from furu_dashboard.app import create_app
from furu_dashboard.options import Options

DESCRIPTION = Path(__file__).parent / "src" / "api" / "openapi.json"


def description() -> str:
    """Return the description as it is kept."""
    app = create_app(Options(place=Place("/", "/data", "/artifacts")))
    return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write or check the description, and return the exit code."""
    if "--check" not in sys.argv:
        DESCRIPTION.write_text(description())
        return 0
    if DESCRIPTION.read_text() == description():
        return 0
    print("The API is not as src/api/openapi.json describes it; run: make ui-client", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
