"""The stage of `make demo`: a control plane, a git server over HTTP, an operator, and people.

Every kubectl command is shown as it runs, as the user who runs it. With KEEP=1 everything stays up
at the end, until Ctrl-C, and the last lines say how to go on by hand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from scripts.demo import blueprints, life
from scripts.demo.telling import NAMESPACE, StepFailed, Story, coloured, say, stage

from porch_devcluster import provider
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import DevclusterError
from porch_devcluster.gitserver.server import GitServer
from porch_devcluster.kubectl import kubectl
from tests.integration.installed import install
from tests.integration.operator.running import RunningOperator


def main() -> int:
    """Tell the story; 1 when a step failed, and why."""
    begun = time.monotonic()
    try:
        with ExitStack() as stack:
            _tell(stack, begun)
    except (DevclusterError, StepFailed, AssertionError, OSError) as err:
        print(coloured(f"\nThe demo stopped: {err}", "31"), file=sys.stderr)
        return 1
    return 0


def _tell(stack: ExitStack, begun: float) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-demo-")))
    provider.prepare(os.environ)
    with stage("Starting etcd, kube-apiserver and the controller manager"):
        cluster = stack.enter_context(provider.cluster())
    with stage("Starting a git server over HTTP"):
        server = stack.enter_context(GitServer(folder / "git", port=0))
        repository = server.create_repository("blueprints", files={"README.md": "# Blueprints\n"})
    with stage("Installing CRDs, policies and roles"):
        install(cluster)
        cluster.kubectl("create", "namespace", NAMESPACE)
        for user in ("author", "approver"):
            role = "porch-approver" if user == "approver" else "porch-editor"
            cluster.grant(user, role=role, namespace=NAMESPACE)
    operator = RunningOperator(cluster, folder / "operator")
    with stage("Starting the operator, with the token of its own ServiceAccount"):
        operator.start()
        stack.callback(operator.kill)
    story = Story(cluster)
    life.tell(story, server, repository, folder)
    blueprints.tell(story, server, folder)
    say(f"That was the whole story, in {time.monotonic() - begun:.0f} seconds.")
    _go_on(cluster, server.url_of(repository))


def _go_on(cluster: Cluster, url: str) -> None:
    if not os.environ.get("KEEP"):
        print("To look around afterwards: make demo KEEP=1")
        return
    print("Everything stays up until Ctrl-C. In another terminal:")
    if shutil.which("kubectl") != str(kubectl()):  # there is none, or it is too old
        print(f"    export PATH={kubectl().parent}:$PATH")
    print(f"    export KUBECONFIG={cluster.kubeconfig_for('author')}")
    print(f"    kubectl --namespace {NAMESPACE} get repositories,packagerevisions")
    print(f"    kubectl --namespace {NAMESPACE} edit packagerevisionresources blueprints.web.v1")
    print(f"    git clone {url}")
    try:
        subprocess.run(["sleep", "infinity"], check=False)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
