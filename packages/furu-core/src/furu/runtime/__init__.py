"""Who is running, under which policy, and where its log records go."""
