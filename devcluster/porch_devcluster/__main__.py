"""The command `python -m porch_devcluster` (also `devcluster/devcluster`).

Standard output carries what other programs take (a path, a URL); all else is on standard error.
Exit status: 0, 1 with a message, 3 when `status` finds no cluster.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from porch_devcluster.build import bundle
from porch_devcluster.cluster import ADMIN
from porch_devcluster.errors import DevclusterError
from porch_devcluster.gitserver.server import GitServer
from porch_devcluster.node.node import Node
from porch_devcluster.persistent import Persistent
from porch_devcluster.pki import USERS
from porch_devcluster.progress import progress_for_this_output

NO_CLUSTER = 3  # exit status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except DevclusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devcluster", description="A real Kubernetes control plane without a container engine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="default", help="which cluster (default: %(default)s)")

    up = commands.add_parser("up", parents=[named], help="start it; stays until `down`")
    up.add_argument(
        "--node", action="store_true", help="with a node that runs pods, and a registry; as root"
    )
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[named], help="stop it and remove its data")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", parents=[named], help="tell what runs")
    status.set_defaults(run=_status)
    kubeconfig = commands.add_parser(
        "kubeconfig", parents=[named], help="print the path of a user's kubeconfig"
    )
    kubeconfig.add_argument("--user", default=ADMIN, choices=[it.user for it in USERS])
    kubeconfig.set_defaults(run=_kubeconfig)
    build = commands.add_parser("build", help="build the control plane's program; print its path")
    build.set_defaults(run=_build)
    gitserver = commands.add_parser("gitserver", help="serve git repositories over HTTP")
    gitserver.add_argument("--root", type=Path, required=True, help="where the repositories are")
    gitserver.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    gitserver.add_argument(
        "--create", action="append", default=[], metavar="NAME", help="make NAME.git if missing"
    )
    gitserver.set_defaults(run=_gitserver)
    return parser


def _up(options: argparse.Namespace) -> int:
    persistent, progress = Persistent(options.name), progress_for_this_output()
    if options.node:
        node = persistent.up_with_node(progress)
        cluster = node.cluster
        print(_about(node), file=sys.stderr)
    else:
        cluster = persistent.up(progress)
    print(f"ready at {cluster.url}; to use it:", file=sys.stderr)
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    return 0


def _down(options: argparse.Namespace) -> int:
    there = Persistent(options.name).down()
    print("removed" if there else "there was no cluster", file=sys.stderr)
    return 0


def _status(options: argparse.Namespace) -> int:
    persistent = Persistent(options.name)
    running = persistent.running
    for component, pid in sorted(running.items()):
        print(f"{component}\t{pid}")
    if not running:
        print(f"cluster {options.name!r} is not up", file=sys.stderr)
        return NO_CLUSTER
    print(f"{persistent.cluster().url}; files in {persistent.files.directory}", file=sys.stderr)
    if node := persistent.node:
        print(_about(node), file=sys.stderr)
    return 0


def _about(node: Node) -> str:
    """What people need to know of a node."""
    shell = " ".join(node.inside(["COMMAND"]))
    return f"push images to {node.registry}; pods and Services are reached by:\n  {shell}"


def _kubeconfig(options: argparse.Namespace) -> int:
    print(Persistent(options.name).cluster().kubeconfig_for(options.user))
    return 0


def _build(options: argparse.Namespace) -> int:
    del options
    print(bundle(progress_for_this_output()))
    return 0


def _gitserver(options: argparse.Namespace) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with GitServer(options.root, port=options.port) as server:
        for name in options.create:
            if not (options.root / f"{name}.git").exists():
                server.create_repository(name, files={"README.md": f"# {name}\n"})
        print(server.url, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
