"""One artifact: decide what to do about it, obtain it, make one attempt."""
