"""The entry layer of the operator: events become keys, plans become effects; one module a kind."""
