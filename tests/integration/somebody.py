"""Somebody else with a clone and plain git."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster.gitserver.repositories import environment

PEOPLE = {
    "GIT_AUTHOR_NAME": "p",
    "GIT_AUTHOR_EMAIL": "p@example.com",
    "GIT_COMMITTER_NAME": "p",
    "GIT_COMMITTER_EMAIL": "p@example.com",
}


@dataclass
class Somebody:
    """A person with a clone, who commits and pushes to the branch all the time."""

    url: str
    work: Path
    pushed: int = 0
    stopped: bool = False

    def git(self, *arguments: str) -> bool:
        """Whether a command of theirs succeeded."""
        command = ["git", "-C", str(self.work), *arguments]
        done = subprocess.run(
            command, env=environment() | PEOPLE | os.environ, capture_output=True, check=False
        )
        return done.returncode == 0

    def push_on(self) -> None:
        """One file a commit; a lost race is rebased, as people do, until the commit has landed."""
        self.work.mkdir()
        assert self.git("clone", "--quiet", self.url, ".")
        while not self.stopped:
            (self.work / f"file-{self.pushed}").write_text("mine\n")
            self.git("add", "--all")
            assert self.git("commit", "--quiet", "--message", f"Mine {self.pushed}")
            while not self.git("push", "--quiet", "origin", "HEAD:main"):
                assert self.git("pull", "--quiet", "--rebase", "origin", "main")
            self.pushed += 1
