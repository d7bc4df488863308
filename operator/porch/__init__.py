"""Package orchestration for Kubernetes, operator-first."""
