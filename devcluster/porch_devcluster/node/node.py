"""A node that runs, as demos and tests use it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from porch_devcluster import build
from porch_devcluster.cluster import Cluster, cluster_in
from porch_devcluster.errors import NotReady
from porch_devcluster.node import requirements
from porch_devcluster.node.files import NodeFiles
from porch_devcluster.node.forward import LOOPBACK, forwarded
from porch_devcluster.node.record import NodeRecord
from porch_devcluster.processes import (
    KEEPER,
    KEEPER_WITHIN,
    NODE,
    Command,
    Component,
    Lifeline,
    log_tail,
)
from porch_devcluster.progress import Progress

READY_WITHIN = timedelta(seconds=120)
LOOK_EVERY = timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster whose pods run.

    The API server and the registry have the same address here and in the node's own network. Pods
    and Services are reached by processes that run in the node; a port of one of those is brought
    here by `forwarded`.
    """

    cluster: Cluster
    record: NodeRecord

    @property
    def registry(self) -> str:
        """HOST:PORT, for pushes from here and in the images of pods."""
        return self.record.registry

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in the node, which reaches pods and names of Services."""
        namespaces = ("--net", "--mount", "--uts")
        nsenter = requirements.program("nsenter")
        return [nsenter, f"--target={self.record.init}", *namespaces, "--", *argv]

    @contextmanager
    def forwarded(self, port: int, *, host: str = LOOPBACK) -> Iterator[int]:
        """A port here that leads to one in the node: of its loopback address, or of a pod."""
        with forwarded(self.record.init, (host, port)) as here:
            yield here


def prepare(progress: Progress | None = None) -> None:
    """Raise NodeUnavailable where pods cannot run; else build what a node needs."""
    requirements.check()
    for program in (build.bundle, build.registry, build.pause):
        program(progress)


def start(files: NodeFiles, *, lifeline: Lifeline | None) -> Component:
    """A keeper whose node is ready; stop it by SIGTERM, and all of the node is gone."""
    files.run.check()
    files.run.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    argv = (sys.executable, "-m", KEEPER, str(files.run.directory))
    keeper = Component(Command(NODE, argv, files.run.log(NODE)), lifeline=lifeline)
    try:
        _await(files, keeper)
    except BaseException:
        stop(keeper)
        raise
    return keeper


def node_of(files: NodeFiles) -> Node:
    """The node of a directory, which is ready."""
    return Node(cluster_in(files.run), NodeRecord.read(files.record))


def stop(keeper: Component) -> None:
    """End a keeper and its node."""
    keeper.stop(grace=KEEPER_WITHIN)


def _await(files: NodeFiles, keeper: Component) -> None:
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    while not files.record.exists():
        keeper.check()
        if time.monotonic() > deadline:
            logs = "\n".join(log_tail(log) for log in sorted(files.run.directory.glob("*.log")))
            raise NotReady(
                f"the node must be ready within {READY_WITHIN.seconds} s, is not:\n{logs}"
            )
        time.sleep(LOOK_EVERY.total_seconds())
