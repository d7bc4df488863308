"""The configuration files of a node: containerd, pod network, kubelet, name service.

All addresses are inside of the node's own network namespace, so they are the same for every node.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porch_devcluster.controlplane import LOOPBACK, RunFiles
from porch_devcluster.node.requirements import CNI_PLUGINS, program
from porch_devcluster.pki import NodeIdentity

IDENTITY = NodeIdentity("node", "10.77.0.1")
POD_RANGE = "10.88.0.0/24"
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"  # /run is the node's own
PAUSE = "porch/pause:1"
DOMAIN = "cluster.local"
PODS_MOST = 110


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Where a node keeps what it needs; everything is below the directory of its control plane."""

    run: RunFiles

    @property
    def directory(self) -> Path:
        return self.run.directory / "node"

    @property
    def record(self) -> Path:
        """Written when the node is ready: see `keeper.NodeRecord`."""
        return self.directory / "node.json"

    @property
    def containerd(self) -> Path:
        return self.directory / "containerd.toml"

    @property
    def kubelet(self) -> Path:
        return self.directory / "kubelet.json"

    @property
    def resolver(self) -> Path:
        """The /etc/resolv.conf of the node itself."""
        return self.directory / "resolv.conf"

    @property
    def networks(self) -> Path:
        return self.directory / "networks"

    @property
    def registries(self) -> Path:
        return self.directory / "registries"


def write(files: NodeFiles, *, registry: str, cgroup: str, snapshotter: str) -> None:
    """Write all of them."""
    for directory in (files.networks, files.registries / registry):
        directory.mkdir(parents=True)
    files.containerd.write_text(_containerd(files, registry=registry, snapshotter=snapshotter))
    hosts = f'server = "http://{registry}"\n'
    (files.registries / registry / "hosts.toml").write_text(hosts)
    (files.networks / "10-pods.conflist").write_text(json.dumps(_network(), indent=1))
    files.kubelet.write_text(json.dumps(_kubelet(files, cgroup=cgroup), indent=1))
    search = " ".join((DOMAIN, f"svc.{DOMAIN}"))
    files.resolver.write_text(f"nameserver {IDENTITY.address}\nsearch {search}\noptions ndots:5\n")


def _containerd(files: NodeFiles, *, registry: str, snapshotter: str) -> str:
    unused = ("aufs", "btrfs", "devmapper", "zfs")
    disabled = json.dumps([f"io.containerd.snapshotter.v1.{name}" for name in unused])
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    # restrict_oom_score_adj: a container's root may lack the right to lower scores.
    return f"""\
version = 2
root = "{files.directory}/containerd"
state = "/run/containerd"
disabled_plugins = {disabled}

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{files.directory}/containerd-opt"

[{cri}]
  sandbox_image = "{registry}/{PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "{LOOPBACK}"

[{cri}.cni]
  bin_dir = "{CNI_PLUGINS}"
  conf_dir = "{files.networks}"

[{cri}.containerd]
  default_runtime_name = "runc"
  snapshotter = "{snapshotter}"

[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
  BinaryName = "{program("runc")}"
  SystemdCgroup = false

[{cri}.registry]
  config_path = "{files.registries}"
"""


def _network() -> dict[str, Any]:
    """Pods on a bridge of the node; they reach the node and each other, and nothing else."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": POD_RANGE}]],
        "dataDir": "/run/pod-addresses",
    }
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isGateway": True,
        "isDefaultGateway": True,
        "hairpinMode": True,
        "ipam": addresses,
    }
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}


def _kubelet(files: NodeFiles, *, cgroup: str) -> dict[str, Any]:
    keys = files.run.pki
    never = {"nodefs.available": "0%", "nodefs.inodesFree": "0%"}
    never |= {"imagefs.available": "0%", "imagefs.inodesFree": "0%", "memory.available": "1Mi"}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": IDENTITY.address,
        "healthzBindAddress": LOOPBACK,
        "tlsCertFile": str(keys.certificate("kubelet-server")),
        "tlsPrivateKeyFile": str(keys.key("kubelet-server")),
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": str(keys.ca)}},
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDomain": DOMAIN,
        "clusterDNS": [IDENTITY.address],
        "resolvConf": str(files.resolver),
        "volumePluginDir": str(files.directory / "volume-plugins"),
        # A full disk of the machine is not for us to tidy up.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": never,
        # Tests wait for these.
        "syncFrequency": "1s",
        "fileCheckFrequency": "1s",
        "nodeStatusUpdateFrequency": "1s",
        "configMapAndSecretChangeDetectionStrategy": "Watch",
        "serializeImagePulls": False,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "maxPods": PODS_MOST,
    }
