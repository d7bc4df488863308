"""The package format: YAML, Kptfile, package files, render. Pure: no I/O, clock or randomness."""
