"""One directory: layout, records, state, lease, artifact."""
