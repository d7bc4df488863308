"""Functions that are executables beside the runner: which, and how they are started and bounded."""
