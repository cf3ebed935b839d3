"""Results that outlive refactoring: aliases for keys that changed, made, listed, undone; stores of earlier releases."""
