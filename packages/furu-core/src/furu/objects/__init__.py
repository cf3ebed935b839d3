"""The Furu class, its fields, and collections of Furu objects."""
