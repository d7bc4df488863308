"""The function runner: evaluates KRM functions for callers over gRPC.

It may use `porch.functions`, `porch.runtime`, `porch.kpt` and `porch.api`; nothing in `porch` knows
of it but the wire that both speak.
"""
