"""Use cases: what must happen next (pure plans) and the executors that make it happen."""
