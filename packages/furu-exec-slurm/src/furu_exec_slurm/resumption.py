"""Going on with a run whose controller is gone: which one, and whether its workers still do what is asked."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from furu.execution import setting
from furu.runtime.logging import get_logger
from furu_exec_slurm import run_directory

if TYPE_CHECKING:
    from furu.task import Task
    from furu_exec_slurm.arguments import Manner
    from furu_exec_slurm.run_directory import RunDirectory


def find(manner: Manner, roots: list[Task], here: bytes) -> RunDirectory | None:
    """Return a run for the same roots whose controller is gone, now ours; None when there is none.

    One that was started with other settings or another program is ended instead: its workers leave after what they do.
    """
    digest = run_directory.digest_of(roots)
    for run in run_directory.runs(manner.run_root):
        if not run.run_id.endswith(f"-{digest}") or not run.abandoned(manner.pace.heartbeat_grace_sec):
            continue
        if not run.take_over():
            continue
        if _same_program(run, here):
            get_logger().info("going on with the run %s", run.path)
            return run
        get_logger().info("%s was begun with other settings or another program: beginning anew", run.path)
        run.end("superseded")
    return None


def import_path() -> list[str]:
    """Return ``sys.path`` as it means the same in another working directory."""
    return [os.path.abspath(place) for place in sys.path]


def sources() -> dict[str, int]:
    """Return the files of the program that this process has imported so far, each with the time of its last change (ns).

    What is installed is left out.
    """
    installed = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
    installed += (site.getusersitepackages(),)
    found: dict[str, int] = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and not file.startswith(installed):
            changed = _changed(file)
            if changed is not None:
                found[os.path.abspath(file)] = changed
    return found


def _same_program(run: RunDirectory, here: bytes) -> bool:
    try:
        record = run.record()
        before = Path(run.setting).read_bytes()
    except (OSError, ValueError):
        return False
    if record.format != run_directory.FORMAT or record.sys_path != import_path():
        return False
    if any(_changed(file) != changed for file, changed in record.sources.items()):
        return False
    return setting.same(before, here)


def _changed(file: str) -> int | None:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return None
