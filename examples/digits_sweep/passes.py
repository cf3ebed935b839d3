"""Running the pipeline in a process of its own, and finding out from the store what that process computed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from digits_sweep.experiments import everything


@dataclass(frozen=True)
class Pass:
    """One run over all steps: seconds of the whole process and of each ``get()``, and the steps it computed."""

    total_sec: float
    step_sec: Mapping[str, float]
    computed: frozenset[str]


def run_pass() -> Pass:
    """Get every step in a fresh process, in which nothing can come from memory.

    What was computed is not taken from that process's own word: a step was computed if the last attempt that the store
    has recorded for it is another one than before.  Raises ``CalledProcessError`` when the process fails.
    """
    before = recorded_attempts()
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "digits_sweep.once"], env=environ, stdout=subprocess.PIPE, text=True, check=True
    )
    total_sec = time.perf_counter() - began
    after = recorded_attempts()
    step_sec = {line["step"]: line["seconds"] for line in map(json.loads, ended.stdout.splitlines())}
    return Pass(total_sec, step_sec, frozenset(name for name in after if after[name] != before[name]))


def recorded_attempts() -> dict[str, tuple[str, str] | None]:
    """Return id and start of each step's last attempt, as the store tells them now; None where there was none."""
    attempts = {name: step.get_state().attempt for name, step in everything().items()}
    return {name: (last.id, last.started_at) if last else None for name, last in attempts.items()}
