"""API models, names, conditions and the CRD generator. Pure: no I/O, clock or randomness."""
