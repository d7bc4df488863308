"""Which cluster demos and tests use.

PORCH_TEST_CLUSTER decides; without it, kind where a container engine answers, else our own.

    (unset)             kind when `docker info` answers, else the bundle
    bundle              our own control plane
    kind                kind, through pytest-kind
    kubeconfig          the cluster of $KUBECONFIG, its current context
    kubeconfig:CONTEXT  the cluster of $KUBECONFIG, that context
    /path/of/a/file     the cluster of that kubeconfig, its current context

NB: KUBECONFIG alone is never used: on a laptop it often names a cluster that matters, and tests
create and delete what they like. Who wants it says so.
Kind is not tried on machines without an engine, ours among them.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porch_devcluster import kubeconfigs
from porch_devcluster.build import bundle
from porch_devcluster.cache import cache_root
from porch_devcluster.cluster import ADMIN, Cluster
from porch_devcluster.controlplane import ControlPlane, RunFiles
from porch_devcluster.errors import CommandFailed, DevclusterError
from porch_devcluster.kubectl import kubectl
from porch_devcluster.node.files import NodeFiles
from porch_devcluster.node.node import Node, node_of
from porch_devcluster.node.node import prepare as prepare_node
from porch_devcluster.node.node import start as start_node
from porch_devcluster.node.node import stop as stop_node
from porch_devcluster.pki import USERS
from porch_devcluster.processes import Lifeline

VARIABLE = "PORCH_TEST_CLUSTER"
RUN_PREFIX = "porch-run-"
IN_USE = "in-use.lock"

KIND_VERSION = "v0.30.0"
KIND_NODE_IMAGE = "kindest/node:v1.34.0"
KIND_RELEASES = "https://github.com/kubernetes-sigs/kind/releases/download"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Our own control plane."""


@dataclass(frozen=True, slots=True)
class Kind:
    """kind, in a container engine."""


@dataclass(frozen=True, slots=True)
class Given:
    """A cluster that is there already."""

    kubeconfig: str  # as in $KUBECONFIG: one path, or several with colons
    context: str = ""  # empty: the current one


Choice = Bundle | Kind | Given


def choose(environment: Mapping[str, str], *, engine_answers: bool) -> Choice:
    """The cluster that the environment asks for."""
    wish = environment.get(VARIABLE, "")
    form, _, context = wish.partition(":")
    match form:
        case "":
            return Kind() if engine_answers else Bundle()
        case "bundle":
            return Bundle()
        case "kind":
            return Kind()
        case "kubeconfig":
            if not environment.get("KUBECONFIG"):
                raise DevclusterError(
                    f"{VARIABLE}={wish} needs KUBECONFIG to be set, and it is not"
                )
            return Given(environment["KUBECONFIG"], context)
        case path if Path(path).is_file():
            return Given(path, context)
    raise DevclusterError(
        f"{VARIABLE} must be bundle, kind, kubeconfig, kubeconfig:CONTEXT "
        f"or the path of a kubeconfig; found {wish!r}"
    )


def prepare(environment: Mapping[str, str]) -> None:
    """Do what takes minutes the first time: build the bundle, when that is what will be used."""
    if isinstance(choose(environment, engine_answers=_engine_answers()), Bundle):
        bundle()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """The cluster to use, for as long as the context is open."""
    choice = choose(os.environ, engine_answers=_engine_answers())
    match choice:
        case Bundle():
            opened = bundled_cluster()
        case Kind():
            opened = _kind_cluster()
        case Given():
            opened = _given_cluster(choice)
    with opened as found:
        yield found


@contextmanager
def bundled_cluster(apiserver_options: Sequence[str] = ()) -> Iterator[Cluster]:
    """A control plane of our own, gone with the context or with this process."""
    program = bundle()
    home = Path(tempfile.gettempdir())
    _sweep(home)
    with _run_directory(home) as directory, Lifeline() as lifeline:
        control_plane = ControlPlane(
            RunFiles(directory),
            program=program,
            lifeline=lifeline,
            apiserver_options=apiserver_options,
        )
        try:
            control_plane.start()
            yield cluster_of(control_plane)
        finally:
            control_plane.stop()


@contextmanager
def node_cluster() -> Iterator[Node]:
    """A control plane of our own with a node, gone with the context or with this process."""
    prepare_node()
    home = Path(tempfile.gettempdir())
    _sweep(home)
    with _run_directory(home) as directory, Lifeline() as lifeline:
        files = NodeFiles(RunFiles(directory))
        keeper = start_node(files, lifeline=lifeline)
        try:
            yield node_of(files)
        finally:
            stop_node(keeper)


def cluster_of(control_plane: ControlPlane) -> Cluster:
    """The cluster that a control plane of ours serves."""
    directory = control_plane.files.kubeconfig(ADMIN).parent
    return Cluster(control_plane.url, directory, control_plane)


@contextmanager
def _run_directory(home: Path) -> Iterator[Path]:
    """A directory that a lock marks as in use, from before anybody can find it."""
    hidden = Path(tempfile.mkdtemp(prefix=f".{RUN_PREFIX}", dir=home))
    directory = home / hidden.name.removeprefix(".")
    with (hidden / IN_USE).open("w") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)
        hidden.rename(directory)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove the run directories of launchers that were killed; their lock is free."""
    for directory in home.glob(f"{RUN_PREFIX}*"):
        try:
            with (directory / IN_USE).open() as in_use:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        shutil.rmtree(directory, ignore_errors=True)


def _engine_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        done = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@contextmanager
def _kind_cluster() -> Iterator[Cluster]:
    from pytest_kind import KindCluster  # heavy, and only needed here

    # NB: pytest-kind's own versions are years old, and fixed when pytest loads it as a plug-in; the
    # address and the paths are what it reads when it is used.
    found = shutil.which("kind")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    os.environ.setdefault(
        "KIND_DOWNLOAD_URL", f"{KIND_RELEASES}/{KIND_VERSION}/kind-linux-{machine}"
    )
    with tempfile.TemporaryDirectory(prefix="porch-kind-") as home:
        kind = KindCluster(
            f"porch-{os.getpid()}",
            image=KIND_NODE_IMAGE,
            kubeconfig=Path(home) / "kubeconfig",
            kind_path=Path(found) if found else cache_root() / f"kind-{KIND_VERSION}",
            kubectl_path=kubectl(),
        )
        try:
            kind.create()
            with _given_cluster(Given(str(kind.kubeconfig_path))) as cluster_of_kind:
                yield cluster_of_kind
        finally:
            kind.delete()


@contextmanager
def _given_cluster(given: Given) -> Iterator[Cluster]:
    """A cluster by its administrator's kubeconfig; the other users are impersonated."""
    with tempfile.TemporaryDirectory(prefix="porch-kubeconfigs-") as home:
        directory = Path(home)
        admin = _flattened(given)
        kubeconfigs.write(directory / f"{ADMIN}.kubeconfig", admin)
        for subject in USERS:
            if subject.user == ADMIN:
                continue
            identity = admin["users"][0]["user"] | {"as": subject.user}
            identity["as-groups"] = list(subject.groups)
            user = {"name": admin["users"][0]["name"], "user": identity}
            path = directory / f"{subject.user}.kubeconfig"
            kubeconfigs.write(path, admin | {"users": [user]})
        yield Cluster(str(admin["clusters"][0]["cluster"]["server"]), directory)


def _flattened(given: Given) -> dict[str, Any]:
    """The chosen context alone, with every file that it names embedded."""
    command = [str(kubectl()), "config", "view", "--minify", "--flatten", "--raw", "-o", "json"]
    command += [f"--context={given.context}"] if given.context else []
    environment = os.environ | {"KUBECONFIG": given.kubeconfig}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(" ".join(command), status=done.returncode, output=done.stderr)
    config: dict[str, Any] = json.loads(done.stdout)
    return config
