"""The operator's entry layer: one module a kind, translating events to keys and plans to effects."""
