"""Bare repositories as a git server keeps them: creation, hooks, refusals.

Everything is done with git itself, so what clients meet is git's own behaviour.
Errors    CommandFailed with git's words.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster.errors import CommandFailed

DEFAULT_BRANCH = "main"
MAX_COMMITS_TRIED = 5  # while others push to the same branch
AUTHOR = (
    "Porch tests <tests@example.com> 1700000000 +0000"  # fixed: the same files, the same commit
)

# fsync and housekeeping would measure the disk, not the server; filters let clients fetch blobs on
# demand, as the large hosts do.
SETTINGS = """\
[http]
\treceivepack = true
[receive]
\tautogc = false
[gc]
\tauto = 0
[core]
\tfsync = none
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""

# Arguments of an update hook: the ref, its old value, its new value.
PROTECT = """\
#!/bin/sh
if [ "$1" = "refs/heads/{branch}" ]; then
  echo "refusing to change protected branch {branch}" >&2
  exit 1
fi
"""


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository that the server serves."""

    name: str
    path: Path

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run git on the bare repository itself, past the server."""
        return _git("-C", str(self.path), *arguments, stdin=stdin)

    def refs(self) -> dict[str, str]:
        """Every ref and the object that it names."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict((ref, value) for ref, value in (line.split() for line in lines))

    def read(self, revision: str, path: str) -> str:
        """A file's content at a revision."""
        return self.git("show", f"{revision}:{path}")

    def files(self, revision: str) -> list[str]:
        """Paths of all files at a revision."""
        return self.git("ls-tree", "-r", "--name-only", revision).splitlines()

    def commit(
        self,
        files: Mapping[str, str | bytes],
        *,
        branch: str = DEFAULT_BRANCH,
        message: str = "Commit past the server",
    ) -> str:
        """Add or replace files on a branch in one commit, as somebody else would; its id."""
        for left in reversed(range(MAX_COMMITS_TRIED)):
            parent = self.refs().get(f"refs/heads/{branch}")
            stream = _commit_stream(files, branch=branch, message=message, parent=parent)
            try:
                _git("-C", str(self.path), "fast-import", "--quiet", stdin=stream)
                break
            except CommandFailed as err:
                if "Not updating" not in str(err) or not left:
                    raise  # else somebody pushed in between: once more, on top of that
        return self.git("rev-parse", f"refs/heads/{branch}").strip()

    def install_hook(self, name: str, script: str) -> None:
        """Put a server-side hook in place: `pre-receive`, `update` or `post-receive`."""
        hooks = self.path / "hooks"
        hooks.mkdir(exist_ok=True)
        hook = hooks / name
        hook.write_text(script)
        hook.chmod(0o755)

    def remove_hook(self, name: str) -> None:
        """Take a hook away again."""
        (self.path / "hooks" / name).unlink()

    def protect(self, branch: str) -> None:
        """Refuse every push to a branch, as a hosting service's protection does."""
        self.install_hook("update", PROTECT.format(branch=branch))

    def without_atomic(self) -> None:
        """Stop to offer atomic pushes; some servers never do."""
        self.git("config", "receive.advertiseAtomic", "false")


def create(
    root: Path, name: str, *, branch: str, files: Mapping[str, str | bytes] | None
) -> Repository:
    """A bare repository `<root>/<name>.git`; with `files` it has an initial commit of them."""
    path = root / f"{name}.git"
    _git("init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", str(path))
    with (path / "config").open("a") as config:
        config.write(SETTINGS)
    repository = Repository(name, path)
    if files is not None:
        repository.commit(files, branch=branch, message="Initial commit")
    return repository


def _commit_stream(
    files: Mapping[str, str | bytes], *, branch: str, message: str, parent: str | None
) -> bytes:
    """One commit in the language of `git fast-import`."""
    head = f"commit refs/heads/{branch}\nauthor {AUTHOR}\ncommitter {AUTHOR}\n".encode()
    parts = [head, _data(message.encode())]
    if parent is not None:
        parts.append(f"from {parent}\n".encode())
    for path, content in files.items():
        parts.append(f'M 100644 inline "{path}"\n'.encode())
        parts.append(_data(content.encode() if isinstance(content, str) else content))
    return b"".join(parts)


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def environment() -> dict[str, str]:
    """The environment of a git that no configuration of this machine's user changes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


def _git(*arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments],
        env=environment(),
        input=stdin,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        command = " ".join(("git", *arguments))
        output = done.stderr.decode(errors="replace")
        raise CommandFailed(command, status=done.returncode, output=output)
    return done.stdout.decode()
