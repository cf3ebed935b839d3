"""A small project whose results the dashboard shows, in its tests and during its development."""
