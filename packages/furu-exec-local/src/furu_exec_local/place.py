"""Where this code runs: in a worker process of a run, or not."""

from __future__ import annotations

#: Set once, by a worker process when it begins.
in_worker: bool = False
