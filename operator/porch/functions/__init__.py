"""KRM functions: the runtime chain and what evaluates them. Above `kpt`, below the engine."""
