"""Contract suites: subclass one, give a constructor, inherit the tests.

>>> from furu_testing.contracts import ExecutorContract
>>> class TestMyExecutor(ExecutorContract):
...     def make(self, capacity):
...         return MyExecutor(workers=capacity)  # doctest: +SKIP
"""

from __future__ import annotations

from furu_testing.contracts.artifact import ArtifactContract
from furu_testing.contracts.executor import ExecutorContract
from furu_testing.contracts.lease import LeaseContract

__all__ = ["ArtifactContract", "ExecutorContract", "LeaseContract"]
