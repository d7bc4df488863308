"""Repositories of packages, and the command line that gets them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster.gitserver.repositories import Repository, environment
from tests.unit.cli.commandline import kptfile

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
      - name: main
        image: {image} # the image
"""


def deployment(*, replicas: int = 1, image: str = "nginx:1") -> str:
    """A Deployment of one container."""
    return DEPLOYMENT.format(replicas=replicas, image=image)


def package(name: str = "web", *, extra: str = "") -> str:
    """A Kptfile that says a little of everything."""
    text = kptfile("image: set-labels:v0.2.0", extra=extra)
    return text.replace("name: p", f"name: {name}")


def remote(repo: str, directory: str, ref: str, *, name: str) -> str:
    """The Kptfile of a sub-package that nobody has fetched."""
    git = f"{{repo: {repo!r}, directory: {directory}, ref: {ref}}}"
    return package(name, extra=f"upstream:\n  type: git\n  git: {git}\n")


@dataclass(frozen=True, slots=True)
class Blueprints:
    """A repository with packages in it, and its address."""

    repository: Repository
    url: str

    def publish(self, tag: str, files: Mapping[str, str | bytes]) -> str:
        """Commit files to main and tag them; the commit."""
        commit = self.repository.commit(files)
        self.repository.git("tag", tag)
        return commit


def local_repository(root: Path, files: Mapping[str, str]) -> None:
    """A repository with a work tree, and its files committed on main as v1."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "one"),
        ("tag", "v1"),
    ):
        subprocess.run(["git", *arguments], cwd=root, env=environment(), check=True)
