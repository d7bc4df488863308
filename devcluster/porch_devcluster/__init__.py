"""A real Kubernetes control plane and git server for demos and tests, without a container engine.

Here live the build of the control plane, its launcher, the choice of a cluster, and a git server
over HTTP. Nothing here imports `porch`: the product never depends on what it is tried with.
"""
