"""One control plane on the loopback address: etcd, kube-apiserver, kube-controller-manager.

Any number run side by side: each has its own run directory, its own authority and its own free
port; etcd listens on sockets in the run directory only.
Lifetime  attended: gone with this process, however that ends. Unattended: stays until killed.
Errors    NotReady with the log of the component that failed.
Cost      ready in some 3 s on 2 cores; about 450 MiB in all.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from porch_devcluster import kubeconfigs, pki
from porch_devcluster.api import Api
from porch_devcluster.errors import ApiStatus, NotReady
from porch_devcluster.processes import Command, Component, Lifeline, log_tail

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager")
NODE_COMPONENTS = (*COMPONENTS, "kube-scheduler", "kubelet")
LOOPBACK = "127.0.0.1"
SERVICE_RANGE = "10.96.0.0/16"
PORTS = range(20_000, 32_000)  # below the ephemeral ports, which outgoing connections occupy
PORT_TRIES = 5
SOCKET_PATH_BYTES = 107
READY_WITHIN = timedelta(seconds=90)
LOOK_EVERY = timedelta(milliseconds=20)
STOP_GRACE = timedelta(seconds=2)  # open watches would hold a stopping server for a minute

# NB: the client limits of the controller manager (20 a second) delay the first namespace by 4 s.
CONTROLLER_QPS = 1000


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where one control plane keeps what it needs; everything is below `directory`."""

    directory: Path

    def check(self) -> None:
        """Refuse a directory whose sockets the kernel would refuse."""
        longest = self.directory / "client.etcd:0"
        if len(os.fsencode(longest)) > SOCKET_PATH_BYTES:
            raise NotReady(
                f"{longest} must not be longer than {SOCKET_PATH_BYTES} bytes, the limit of a "
                "socket's path: set TMPDIR or XDG_CACHE_HOME to a shorter directory"
            )

    @property
    def etcd_data(self) -> Path:
        return self.directory / "etcd-data"

    @property
    def pki(self) -> pki.Pki:
        return pki.Pki(self.directory / "pki")

    def log(self, component: str) -> Path:
        return self.directory / f"{component}.log"

    def kubeconfig(self, user: str) -> Path:
        return self.directory / "kubeconfigs" / f"{user}.kubeconfig"


@dataclass(frozen=True, slots=True)
class NodePlace:
    """A control plane beside a node: the node, and the port that its API server must have."""

    identity: pki.NodeIdentity
    port: int


class ControlPlane:
    """A running control plane; `start` makes one, `stop` ends it."""

    def __init__(
        self,
        files: RunFiles,
        *,
        program: Path,
        lifeline: Lifeline | None,
        node: NodePlace | None = None,
        apiserver_options: Sequence[str] = (),  # more of them, as "--name=value"
    ) -> None:
        self.files = files
        self.port = 0  # of the API server, while there is one
        self._node = node
        self._apiserver_options = tuple(apiserver_options)
        self._program = program
        self._lifeline = lifeline
        self._components: dict[str, Component] = {}

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def pids(self) -> dict[str, int]:
        """Process numbers by component."""
        return {name: component.pid for name, component in self._components.items()}

    def start(self) -> None:
        """Make the PKI, run everything, and return when a namespace can be used."""
        self.files.check()
        self.files.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        node = self._node
        pki.write(self.files.pki.directory, node=node.identity if node else None)
        try:
            self.start_etcd()
            if node is None:
                self._start_apiserver_on_a_free_port()
            else:
                self.port = node.port
                self._write_kubeconfigs()
                self.start_apiserver()
                self._run(_scheduler(self.files, self._program))
            self._run(_controller_manager(self.files, self._program))
            self._await("the default service account", self._has_default_service_account)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process; the run directory stays."""
        # NB: the data is thrown away, so nothing is gained by letting them finish; a server whose
        # etcd is gone would take a minute for it.
        while self._components:
            _, component = self._components.popitem()
            component.stop()

    def remove(self) -> None:
        """Stop, and remove the run directory."""
        self.stop()
        shutil.rmtree(self.files.directory, ignore_errors=True)

    def start_etcd(self) -> None:
        """Run etcd on the data that is there, or on none."""
        self._run(_etcd(self.files, self._program))

    def stop_etcd(self) -> None:
        """Kill etcd as a power failure would; its data stays."""
        self._components.pop("etcd").stop()

    def kill_apiserver(self) -> None:
        """Take the API server away at once, in the middle of what it does."""
        self._components.pop("kube-apiserver").stop()

    def start_apiserver(self) -> None:
        """Bring the API server back on its port and wait until it is ready."""
        command = _apiserver(self.files, self._program, port=self.port)
        command = replace(command, argv=(*command.argv, *self._apiserver_options))
        self._run(command if self._node is None else _with_node(command, self.files, self._node))
        self._await("the API server", self._is_ready)

    def restart_apiserver(self) -> None:
        """Stop the API server as an upgrade would (SIGTERM) and start it again."""
        self._components.pop("kube-apiserver").stop(grace=STOP_GRACE)
        self.start_apiserver()

    def save_etcd(self, backup: Path) -> None:
        """Copy etcd's data to `backup`, with etcd stopped for the moment of it."""
        self.stop_etcd()
        shutil.copytree(self.files.etcd_data, backup)
        self.start_etcd()
        self._await("etcd behind the API server", self._is_ready)

    def restore_etcd(self, backup: Path) -> None:
        """Put a saved copy in the place of etcd's data and restart what caches it."""
        self.kill_apiserver()
        self.stop_etcd()
        shutil.rmtree(self.files.etcd_data)
        shutil.copytree(backup, self.files.etcd_data)
        self.start_etcd()
        self.start_apiserver()
        self._components.pop("kube-controller-manager").stop()
        self._run(_controller_manager(self.files, self._program))

    def _run(self, command: Command) -> None:
        self._components[command.name] = Component(command, lifeline=self._lifeline)

    def _start_apiserver_on_a_free_port(self) -> None:
        for attempt in range(PORT_TRIES):
            self.port = free_port()
            self._write_kubeconfigs()
            try:
                return self.start_apiserver()
            except NotReady:
                if attempt + 1 == PORT_TRIES or not self._port_was_taken():
                    raise
                self._components.pop("kube-apiserver").stop()

    def _port_was_taken(self) -> bool:
        """Between our look and the server's bind somebody else took the port."""
        return "address already in use" in log_tail(self.files.log("kube-apiserver"))

    def _write_kubeconfigs(self) -> None:
        files = self.files
        server = kubeconfigs.Server(self.url, files.pki.ca.read_bytes())
        users = [*(subject.user for subject in pki.USERS), "controller-manager"]
        users += ["scheduler", "kubelet"] if self._node else []
        for user in users:
            kubeconfig = kubeconfigs.with_certificate(
                server,
                certificate=files.pki.certificate(user).read_bytes(),
                key=files.pki.key(user).read_bytes(),
            )
            kubeconfigs.write(files.kubeconfig(user), kubeconfig)

    def _await(self, what: str, holds: Callable[[Api], bool]) -> None:
        api = Api(self.files.kubeconfig("admin"))
        deadline = time.monotonic() + READY_WITHIN.total_seconds()
        while time.monotonic() < deadline:
            for component in self._components.values():
                component.check()
            with contextlib.suppress(OSError, ApiStatus):
                if holds(api):
                    return
            time.sleep(LOOK_EVERY.total_seconds())
        logs = "\n".join(log_tail(self.files.log(name)) for name in self._components)
        raise NotReady(
            f"{what} must be ready within {READY_WITHIN.total_seconds():g} s, is not:\n{logs}"
        )

    def _is_ready(self, api: Api) -> bool:
        return api.text("/readyz", within=timedelta(seconds=5)) == "ok"

    def _has_default_service_account(self, api: Api) -> bool:
        return bool(api.get("/api/v1/namespaces/default/serviceaccounts/default"))


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    for port in random.sample(PORTS, k=100):  # not for secrecy: for others who choose now
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise NotReady(f"one of {PORTS} must be free on {LOOPBACK}; a hundred tries found none")


def _etcd(files: RunFiles, program: Path) -> Command:
    # A socket is named like host:port, relative to the working directory.
    client, peer = "unix://client.etcd:0", "unix://peer.etcd:0"
    return Command(
        "etcd",
        (
            str(program),
            "etcd",
            f"--data-dir={files.etcd_data}",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        ),
        files.log("etcd"),
    )


def _apiserver(files: RunFiles, program: Path, *, port: int) -> Command:
    keys = files.pki
    return Command(
        "kube-apiserver",
        (
            str(program),
            "kube-apiserver",
            f"--etcd-servers=unix://{files.directory}/client.etcd:0",
            f"--bind-address={LOOPBACK}",
            f"--secure-port={port}",
            f"--tls-cert-file={keys.certificate('apiserver')}",
            f"--tls-private-key-file={keys.key('apiserver')}",
            f"--client-ca-file={keys.ca}",
            f"--service-account-key-file={keys.key('service-accounts')}",
            f"--service-account-signing-key-file={keys.key('service-accounts')}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
        ),
        files.log("kube-apiserver"),
    )


def _with_node(command: Command, files: RunFiles, node: NodePlace) -> Command:
    """The API server's command where there is a kubelet to speak with."""
    keys = files.pki
    more = (
        f"--advertise-address={node.identity.address}",
        f"--kubelet-certificate-authority={keys.ca}",
        f"--kubelet-client-certificate={keys.certificate('kubelet-client')}",
        f"--kubelet-client-key={keys.key('kubelet-client')}",
        "--kubelet-preferred-address-types=InternalIP",
    )
    return replace(command, argv=(*command.argv, *more))


def _scheduler(files: RunFiles, program: Path) -> Command:
    return Command(
        "kube-scheduler",
        (
            str(program),
            "kube-scheduler",
            f"--kubeconfig={files.kubeconfig('scheduler')}",
            "--secure-port=0",
            "--leader-elect=false",
        ),
        files.log("kube-scheduler"),
    )


def _controller_manager(files: RunFiles, program: Path) -> Command:
    keys = files.pki
    return Command(
        "kube-controller-manager",
        (
            str(program),
            "kube-controller-manager",
            f"--kubeconfig={files.kubeconfig('controller-manager')}",
            "--secure-port=0",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={keys.key('service-accounts')}",
            f"--root-ca-file={keys.ca}",
            f"--cluster-signing-cert-file={keys.ca}",
            f"--cluster-signing-key-file={keys.key('ca')}",
            f"--kube-api-qps={CONTROLLER_QPS}",
            f"--kube-api-burst={CONTROLLER_QPS}",
            "--allocate-node-cidrs=false",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
        ),
        files.log("kube-controller-manager"),
    )
