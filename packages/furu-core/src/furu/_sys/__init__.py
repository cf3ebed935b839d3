"""The outside world: clock, files and processes, as values that whoever needs them is given."""
