"""`make demo`: the whole story of a package, on a real control plane and a git server over HTTP.

Every kubectl command is shown as it runs, as the user who runs it. With KEEP=1 everything stays up
at the end, until Ctrl-C, and the last lines say how to go on by hand.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from porch_devcluster import provider  # noqa: E402 - after the path is set
from porch_devcluster.cluster import Cluster  # noqa: E402
from porch_devcluster.errors import DevclusterError  # noqa: E402
from porch_devcluster.gitserver.repositories import Repository  # noqa: E402
from porch_devcluster.gitserver.server import GitServer  # noqa: E402
from tests.integration.installed import install  # noqa: E402
from tests.integration.operator.running import RunningOperator  # noqa: E402

SAMPLES = ROOT / "manifests" / "samples" / "demo"
NAMESPACE = "demo"
REVISION = "packagerevision/blueprints.web.v1"
RESOURCES = "packagerevisionresources/blueprints.web.v1"
COLOURS = sys.stdout.isatty()


class StepFailed(Exception):
    """A step of the story did not end as it must."""


def say(text: str) -> None:
    """A paragraph for the reader."""
    print()
    for line in textwrap.wrap(text, 96):
        print(_coloured(line, "1"))


def _coloured(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


class Story:
    """Runs commands and shows them."""

    def __init__(self, cluster: Cluster, repository: Repository) -> None:
        self._cluster = cluster
        self._repository = repository

    def kubectl(self, command: str, *, user: str = "author", refused: bool = False) -> str:
        """Run one kubectl command as a user; it must succeed, or be refused when that is told."""
        print(_coloured(f"{user}$ kubectl {command}", "36"))
        arguments = [*shlex.split(command), "--namespace", NAMESPACE]
        done = self._cluster.run_kubectl(*arguments, user=user)
        output = (done.stdout + done.stderr).rstrip()
        print(textwrap.indent(output, "    "))
        if (done.returncode != 0) is not refused:
            expected = "must be refused" if refused else "must succeed"
            raise StepFailed(f"`kubectl {command}` {expected}: {output}")
        return done.stdout

    def git(self, command: str) -> None:
        """Show what is in git, as the server has it."""
        print(_coloured(f"git$ git {command}", "36"))
        output = self._repository.git(*shlex.split(command)).rstrip()
        print(textwrap.indent(output, "    "))


@contextmanager
def stage(words: str) -> Iterator[None]:
    """A long step, with the seconds that it took."""
    print(f"{words} …", end=" ", flush=True)
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def main() -> int:
    """Tell the story; 1 when a step failed, and why."""
    begun = time.monotonic()
    try:
        with ExitStack() as stack:
            _tell(stack, begun)
    except (DevclusterError, StepFailed, AssertionError, OSError) as err:
        print(_coloured(f"\nThe demo stopped: {err}", "31"), file=sys.stderr)
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
    story = Story(cluster, repository)
    _chapters(story, server.url_of(repository), folder)
    say(f"That was the whole story, in {time.monotonic() - begun:.0f} seconds.")
    _go_on(cluster, server.url_of(repository))


def _chapters(story: Story, url: str, folder: Path) -> None:
    say("1. Register a git repository. The operator lists it and says Ready.")
    manifest = folder / "repository.yaml"
    manifest.write_text((SAMPLES / "repository.yaml").read_text().replace("GIT_URL", url))
    story.kubectl(f"apply --server-side -f {manifest}", user="admin")
    story.kubectl("wait --for=condition=Ready repository/blueprints --timeout=20s", user="admin")

    say("2. Draft a package. `init` makes a Kptfile, a README and a package context.")
    story.kubectl(f"apply --server-side -f {_sample('revision.yaml')}")
    story.kubectl(f"wait --for=condition=Ready {REVISION} --timeout=20s")

    say("3. Write its files. The pipeline of the Kptfile runs at once: see the namespace it set.")
    story.kubectl(f"apply --server-side --force-conflicts -f {_sample('resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")
    story.kubectl(f"get {RESOURCES} -o jsonpath='{{.spec.resources.deployment\\.yaml}}'")

    say("4. Apply the same again, as a GitOps controller does: nothing changes.")
    before = story.kubectl(f"get {REVISION} -o jsonpath={{.status.contentDigest}}")
    story.kubectl(f"apply --server-side --force-conflicts -f {_sample('resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")
    after = story.kubectl(f"get {REVISION} -o jsonpath={{.status.contentDigest}}")
    if before != after:
        raise StepFailed(f"the digest must stay {before}, found {after}")

    say("5. Break it: a function that does not exist. The edit is kept, and the reason is told.")
    story.kubectl(f"apply --server-side --force-conflicts -f {_sample('broken.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered=False {RESOURCES} --timeout=20s")
    story.kubectl(f"get {REVISION} -o jsonpath={_message('Ready')}")
    say("Mend it.")
    story.kubectl(f"apply --server-side --force-conflicts -f {_sample('resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")

    say("6. Propose it. The files are sealed from now on.")
    story.kubectl(_wish("Proposed"))
    story.kubectl(f"wait --for=jsonpath={{.status.lifecycle}}=Proposed {REVISION} --timeout=20s")

    say("7. The author may not approve; the approver may.")
    story.kubectl(_wish("Published"), refused=True)
    story.kubectl(_wish("Published"), user="approver")
    story.kubectl(f"wait --for=jsonpath={{.status.lifecycle}}=Published {REVISION} --timeout=20s")
    story.kubectl("get packagerevisions")
    story.kubectl(
        "get events --field-selector=type=Normal -o custom-columns=WHAT:.reason,HOW:.message"
    )

    say("8. And git has it: the draft, the merge, the tag.")
    story.git("log --graph --format='%h %s (%an)%d' main")
    story.git("tag --list")
    story.git("show web/v1:web/service.yaml")


def _sample(name: str) -> str:
    return str((SAMPLES / name).relative_to(ROOT))


def _wish(lifecycle: str) -> str:
    patch = f'{{"spec":{{"lifecycle":"{lifecycle}"}}}}'
    return f"patch {REVISION} --type=merge -p '{patch}'"


def _message(condition: str) -> str:
    return f"'{{.status.conditions[?(@.type==\"{condition}\")].message}}'"


def _go_on(cluster: Cluster, url: str) -> None:
    if not os.environ.get("KEEP"):
        print("To look around afterwards: make demo KEEP=1")
        return
    print("Everything stays up until Ctrl-C. In another terminal:")
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
