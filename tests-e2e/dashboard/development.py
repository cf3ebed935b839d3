"""Run the dashboard for working on it: ``make dashboard-dev``.

A store is made by real runs, in ``FURU_DASHBOARD_DEV_DATA_DIR`` or a temporary directory, and goes on changing.  The API starts
again when its code changes, the web app shows changes of its own as they are saved.  Ctrl-C ends all of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
APP = HERE.parent.parent / "apps" / "dashboard"


def main() -> None:
    """Start everything, and end it together."""
    with tempfile.TemporaryDirectory(prefix="furu-dashboard-") as aside:
        store = Path(os.environ.get("FURU_DASHBOARD_DEV_DATA_DIR") or Path(aside) / "store")
        store.mkdir(parents=True, exist_ok=True)
        making = subprocess.Popen([sys.executable, HERE / "made_store.py", store, "--live"], stdout=subprocess.PIPE)
        assert making.stdout is not None
        print(f"Making a store in {store} ...", flush=True)
        making.stdout.readline()
        running = [making]
        try:
            api = [sys.executable, "-m", "furu_dashboard", "api", "--reload", "--root", str(store)]
            running.append(subprocess.Popen(api))
            print("The web app that reloads:", flush=True)
            running.append(subprocess.Popen(["npm", "run", "-s", "dev"], cwd=APP))
            running[-1].wait()
        except KeyboardInterrupt:
            pass
        finally:
            for child in reversed(running):
                child.send_signal(signal.SIGINT)
                child.wait(20)


if __name__ == "__main__":
    main()
