"""The lease of the store keeps the contract of leases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.storage import lease
from furu_testing.contracts import LeaseContract

if TYPE_CHECKING:
    from furu_testing.contracts.lease import Leases


class TestLease(LeaseContract):
    """Claims that are files, put in place and taken away by renaming."""

    def make(self) -> Leases:
        """Return the module: it keeps no state that a test could share."""
        return lease
