"""How the demo speaks: paragraphs, and every command as it runs, as the user who runs it."""

from __future__ import annotations

import shlex
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "manifests" / "samples"
NAMESPACE = "demo"
COLOURS = sys.stdout.isatty()


class StepFailed(Exception):
    """A step of the story did not end as it must."""


def say(text: str) -> None:
    """A paragraph for the reader."""
    print()
    for line in textwrap.wrap(text, 96):
        print(coloured(line, "1"))


def coloured(text: str, code: str) -> str:
    """The text in a colour, on a terminal."""
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


class Story:
    """Runs commands and shows them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def kubectl(self, command: str, *, user: str = "author", refused: bool = False) -> str:
        """Run one kubectl command as a user; it must succeed, or be refused when that is told."""
        print(coloured(f"{user}$ kubectl {command}", "36"))
        arguments = [*shlex.split(command), "--namespace", NAMESPACE]
        done = self._cluster.run_kubectl(*arguments, user=user)
        output = (done.stdout + done.stderr).rstrip()
        print(textwrap.indent(output, "    "))
        if (done.returncode != 0) is not refused:
            expected = "must be refused" if refused else "must succeed"
            raise StepFailed(f"`kubectl {command}` {expected}: {output}")
        return done.stdout

    def git(self, repository: Repository, command: str) -> None:
        """Show what is in a repository, as the server has it."""
        print(coloured(f"{repository.name}$ git {command}", "36"))
        output = repository.git(*shlex.split(command)).rstrip()
        print(textwrap.indent(output, "    "))

    def publish(self, name: str) -> None:
        """Approve a revision, and wait until git has it."""
        self.kubectl(wish(name, "Published"), user="approver")
        self.kubectl(
            f"wait --for=jsonpath={{.status.lifecycle}}=Published packagerevision/{name} "
            "--timeout=20s"
        )


@contextmanager
def stage(words: str) -> Iterator[None]:
    """A long step, with the seconds that it took."""
    print(f"{words} …", end=" ", flush=True)
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:.1f} s", flush=True)


def sample(name: str) -> str:
    """The path of a sample, as one types it at the root of the project."""
    return str((SAMPLES / name).relative_to(ROOT))


def wish(name: str, lifecycle: str) -> str:
    """The command that wishes a lifecycle."""
    patch = f'{{"spec":{{"lifecycle":"{lifecycle}"}}}}'
    return f"patch packagerevision/{name} --type=merge -p '{patch}'"


def message(condition: str) -> str:
    """The message of a condition, as a JSONPath."""
    return f"'{{.status.conditions[?(@.type==\"{condition}\")].message}}'"
