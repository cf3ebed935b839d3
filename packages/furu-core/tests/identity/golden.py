"""The golden file: hashes that never change.

python packages/furu-core/tests/identity/golden.py            print the hashes of all configs as JSON
python packages/furu-core/tests/identity/golden.py --add      add those of new configs to the golden file
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import furu_golden

GOLDEN = Path(__file__).parents[1] / "golden" / "identity.json"


def recorded() -> dict[str, str]:
    """Return the hashes that never change, by config."""
    known: dict[str, str] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    return known


def computed() -> dict[str, str]:
    """Return the hashes as they are computed now, by config."""
    return {name: config.furu_hash for name, config in furu_golden.CONFIGS.items()}


def main() -> None:
    """Print the hashes, or add those of new configs."""
    if "--add" in sys.argv[1:]:
        GOLDEN.write_text(json.dumps(computed() | recorded(), indent=1) + "\n")
    else:
        print(json.dumps(computed(), sort_keys=True))  # noqa: T201 - a program's output


if __name__ == "__main__":
    main()
