"""The programs that are built here: control plane, registry, pause, wrapper of function pods."""

from __future__ import annotations

from pathlib import Path

from porch_devcluster.goprogram import GoProgram, built
from porch_devcluster.processes import PROGRAM
from porch_devcluster.progress import Progress

KUBERNETES = "v1.34.1"

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = "some 10 s the first time on 2 cores"

BUNDLE = GoProgram(
    name=PROGRAM,
    entry="devcluster",
    module=_ROOT / "devcluster" / "bundle",
    cost="8-9 minutes the first time on 2 cores, 15 s when only main.go changed",
    linker_flags=f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}",
)
REGISTRY = GoProgram(
    name="porch-registry",
    entry="registry",
    module=_ROOT / "devcluster" / "registry",
    cost=_SECONDS,
)
PAUSE = GoProgram(
    name="pause",
    entry="pause",
    module=_ROOT / "devcluster" / "pause",
    cost="some seconds",
)
WRAPPER = GoProgram(
    name="wrapper-server",
    entry="wrapper",
    module=_ROOT / "function_runner" / "wrapper",
    cost=_SECONDS,
)


def bundle(progress: Progress | None = None) -> Path:
    """The control plane's program."""
    return built(BUNDLE, progress)


def registry(progress: Progress | None = None) -> Path:
    """The registry's program."""
    return built(REGISTRY, progress)


def pause(progress: Progress | None = None) -> Path:
    """The program of the container that holds a pod's namespaces."""
    return built(PAUSE, progress)


def wrapper(progress: Progress | None = None) -> Path:
    """The program that answers calls in the pod of a function."""
    return built(WRAPPER, progress)
