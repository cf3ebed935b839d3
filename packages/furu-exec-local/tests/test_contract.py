"""Both executors keep the contract that every executor keeps."""

from __future__ import annotations

from furu_exec_local.backlog import Backlog, Machine
from furu_exec_local.processes import ProcessExecutor
from furu_exec_local.threads import ThreadExecutor
from furu_testing.contracts.executor import ExecutorContract


class TestThreads(ExecutorContract):
    """Jobs in threads of this process."""

    def make(self, capacity: int) -> ThreadExecutor:
        """Return an executor of ``capacity`` threads."""
        return ThreadExecutor(capacity, Backlog(Machine(None)))


class TestProcesses(ExecutorContract):
    """Jobs in child processes."""

    workers_are_processes = True

    def make(self, capacity: int) -> ProcessExecutor:
        """Return an executor of ``capacity`` processes."""
        return ProcessExecutor(capacity, Backlog(Machine(None)))
