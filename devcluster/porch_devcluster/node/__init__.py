"""One node with real pods, in namespaces of its own: kubelet, containerd and runc; no engine.

`requirements` tells whether this machine can; `keeper` is the process on the host that owns
everything; `inside` is the first process of the node's namespaces and starts the rest; `files` has
their configuration. The host's network, mounts and sysctls are not touched: what the node makes is
gone with its namespaces, and the keeper removes its cgroups.
"""
