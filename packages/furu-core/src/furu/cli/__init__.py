"""The ``furu`` command: one module a verb."""
