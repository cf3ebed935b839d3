"""One pass: ``python -m digits_sweep.once`` gets every step and prints how long each took, one JSON line for each."""

import json
import time

from digits_sweep.experiments import everything


def main() -> None:
    """Get every step; furu decides for each whether that means to compute or to load."""
    for name, step in everything().items():
        began = time.perf_counter()
        step.get()
        print(json.dumps({"step": name, "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
