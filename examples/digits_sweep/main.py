"""The demo: runs the pipeline twice and shows that the second pass computed nothing.  ``make demo`` runs this.

Exits with 1 when a pass fails, or when the second one computes anything.
"""

import os
import subprocess
import sys
from pathlib import Path

# Run as a file, yet import the steps as digits_sweep.pipeline: their module is part of where their results are stored.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from digits_sweep import passes, show


def main() -> int:
    """Run both passes, show them, and return the exit code."""
    os.environ.setdefault("FURU_LOG_LEVEL", "WARNING")  # at INFO, which is furu's default, each get() says what it does
    try:
        first = passes.run_pass()
        second = passes.run_pass()
    except subprocess.CalledProcessError as failure:
        show.say(f"[bold red]The pipeline failed[/] (exit code {failure.returncode}); its own words are above.")
        return 1
    show.comparison(first, second)
    show.store()
    if not first.computed:
        show.say(
            "Everything was in the store already, left by an earlier run: [bold]the first pass loaded as well[/]. "
            "Remove the store (make clean) to begin anew."
        )
    if second.computed:
        show.say(f"[bold red]The second pass computed again:[/] {', '.join(sorted(second.computed))}.")
        return 1
    show.say(
        f"The first pass computed {len(first.computed)} of {len(first.step_sec)} steps, "
        f"[bold green]the second pass computed nothing[/]: it loaded all {len(second.step_sec)}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
