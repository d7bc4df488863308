"""KRM functions: the runtime chain and what evaluates them. The package format is below, the engine above."""
