"""Functions in warm pods: the pool as a pure plan, its one owner, and the edge to Kubernetes."""
