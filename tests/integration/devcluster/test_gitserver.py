"""The git server behaves as a hosting service does: push, fetch, refusals, outages."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials, GitServer
from tests.integration.waiting import until

pytestmark = pytest.mark.process

IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}


def git(*arguments: str, at: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a client's git in a directory."""
    return subprocess.run(
        ["git", "-C", str(at), *arguments],
        env=os.environ | IDENTITY,
        capture_output=True,
        text=True,
        check=check,
    )


def clone(server: GitServer, repository: Repository, *, to: Path) -> Path:
    """A client's clone of a repository."""
    git("clone", "--quiet", server.url_of(repository), str(to), at=to.parent)
    return to


def commit(work: Path, name: str, content: bytes) -> str:
    """One more commit in a clone; its id."""
    (work / name).write_bytes(content)
    git("add", "--all", at=work)
    git("commit", "--quiet", "--message", f"Change {name}", at=work)
    return git("rev-parse", "HEAD", at=work).stdout.strip()


def test_what_is_pushed_is_what_is_cloned(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """The round trip that everything else stands on, with a body too large for one piece."""
    work = clone(git_server, git_repository, to=tmp_path / "one")
    content = os.urandom(3_000_000)  # incompressible: the client sends it in chunks
    tip = commit(work, "large.bin", content)
    git("push", "--quiet", "origin", "main", at=work)
    other = clone(git_server, git_repository, to=tmp_path / "two")

    assert git_repository.refs()["refs/heads/main"] == tip
    assert (other / "large.bin").read_bytes() == content


def test_a_compressed_request_is_understood(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """git compresses a fetch's list of what it has, once that is long."""
    work = clone(git_server, git_repository, to=tmp_path / "one")
    for number in range(40):
        commit(work, "file", str(number).encode())
    tip = git_repository.commit({"theirs": "x"})
    git("fetch", "--quiet", "origin", at=work)

    assert git("rev-parse", "origin/main", at=work).stdout.strip() == tip


def test_protocol_version_2_is_spoken(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """The header `Git-Protocol` reaches git; without it every listing shows all refs."""
    environment = os.environ | IDENTITY | {"GIT_TRACE_PACKET": "1"}
    listing = subprocess.run(
        ["git", "-c", "protocol.version=2", "ls-remote", git_server.url_of(git_repository)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "git< version 2" in listing.stderr


def test_an_empty_repository_takes_its_first_push(git_server: GitServer, tmp_path: Path) -> None:
    """A user's new repository has no commit at all."""
    repository = git_server.create_repository("empty-at-first")
    work = clone(git_server, repository, to=tmp_path / "work")
    tip = commit(work, "README.md", b"hello\n")
    git("push", "--quiet", "origin", "HEAD:main", at=work)

    assert repository.refs() == {"refs/heads/main": tip}


def test_a_hook_refuses_one_ref_and_its_words_reach_the_client(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """A refusal by policy is per ref and carries its reason."""
    git_repository.install_hook(
        "update", '#!/bin/sh\ncase "$1" in *bad*) echo "no bad refs here" >&2; exit 1;; esac\n'
    )
    work = clone(git_server, git_repository, to=tmp_path / "work")
    pushed = git(
        "push", "origin", "HEAD:refs/heads/good", "HEAD:refs/heads/bad", at=work, check=False
    )

    assert pushed.returncode != 0
    assert "no bad refs here" in pushed.stderr
    assert set(git_repository.refs()) == {"refs/heads/main", "refs/heads/good"}


def test_an_atomic_push_is_all_or_nothing(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """With --atomic one refused ref keeps the others where they are."""
    git_repository.protect("main")
    work = clone(git_server, git_repository, to=tmp_path / "work")
    commit(work, "file", b"x")
    pushed = git("push", "--atomic", "origin", "HEAD:main", "HEAD:side", at=work, check=False)

    assert pushed.returncode != 0
    assert "protected branch main" in pushed.stderr
    assert set(git_repository.refs()) == {"refs/heads/main"}


def test_a_server_without_atomic_says_so(
    git_server: GitServer, git_repository: Repository, tmp_path: Path
) -> None:
    """The client's git refuses an atomic push itself when the server does not offer it."""
    git_repository.without_atomic()
    work = clone(git_server, git_repository, to=tmp_path / "work")
    pushed = git("push", "--atomic", "origin", "HEAD:refs/heads/side", at=work, check=False)

    assert "does not support --atomic" in pushed.stderr
    assert git("push", "origin", "HEAD:refs/heads/side", at=work).returncode == 0


def test_credentials_are_asked_for_and_checked(own_git_server: GitServer, tmp_path: Path) -> None:
    """Wrong and missing passwords are 401; the right one works, for reading and writing."""
    repository = own_git_server.create_repository("private", files={"a": "b"})
    own_git_server.require(Credentials("user", "right:one"))
    url = own_git_server.url_of(repository)
    wrong = url.replace("//", "//user:wrong@")
    right = url.replace("//", "//user:right%3Aone@")

    assert git("ls-remote", url, at=tmp_path, check=False).returncode != 0
    assert git("ls-remote", wrong, at=tmp_path, check=False).returncode != 0
    assert "refs/heads/main" in git("ls-remote", right, at=tmp_path).stdout
    assert {served.status for served in own_git_server.served} == {200, 401}


def test_an_outage_ends_on_the_same_port(own_git_server: GitServer, tmp_path: Path) -> None:
    """Clients keep the address; nothing that was pushed is lost."""
    repository = own_git_server.create_repository("steady", files={"a": "b"})
    url = own_git_server.url_of(repository)
    own_git_server.stop()
    during = git("ls-remote", url, at=tmp_path, check=False)
    own_git_server.start()

    assert "Failed to connect" in during.stderr or "onnection refused" in during.stderr
    assert own_git_server.url_of(repository) == url
    assert "refs/heads/main" in git("ls-remote", url, at=tmp_path).stdout


def test_requests_are_counted_by_service(own_git_server: GitServer, tmp_path: Path) -> None:
    """A push is one look at the refs and one request with the pack; benches count on it."""
    repository = own_git_server.create_repository("counted", files={"a": "b"})
    work = clone(own_git_server, repository, to=tmp_path / "work")
    commit(work, "file", b"x")
    own_git_server.served.clear()
    git("push", "--quiet", "origin", "main", at=work)

    pushes = [(it.method, it.service, it.status) for it in own_git_server.served]
    assert pushes == [("GET", "git-receive-pack", 200), ("POST", "git-receive-pack", 200)]


def test_paths_outside_the_root_are_not_served(own_git_server: GitServer, tmp_path: Path) -> None:
    """The server shows its repositories and nothing else of the machine."""
    outside = tmp_path / "outside.git"
    git("init", "--quiet", "--bare", str(outside), at=tmp_path)
    listing = git("ls-remote", f"{own_git_server.url}/%2e%2e/outside.git", at=tmp_path, check=False)

    assert listing.returncode != 0


def test_a_server_that_stops_under_a_push_leaves_no_lock(
    own_git_server: GitServer, tmp_path: Path
) -> None:
    """An outage is no reason for the repository to refuse the next push."""
    repository = own_git_server.create_repository("cut", files={"a": "b"})
    reached = tmp_path / "reached"
    os.mkfifo(reached)
    repository.install_hook("update", f"#!/bin/sh\necho here > {reached}\nexec sleep 60\n")
    work = clone(own_git_server, repository, to=tmp_path / "work")
    tip = commit(work, "file", b"x")
    pushing = subprocess.Popen(
        ["git", "-C", str(work), "push", "origin", "main"],
        env=os.environ | IDENTITY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    reached.read_text()  # returns when the hook runs
    own_git_server.stop()
    cut = pushing.wait(30)
    own_git_server.start()
    repository.remove_hook("update")
    git("push", "--quiet", "origin", "main", at=work)

    assert cut != 0
    assert repository.refs()["refs/heads/main"] == tip


def test_a_push_ends_well_without_its_client(own_git_server: GitServer, tmp_path: Path) -> None:
    """A client killed after it sent everything has pushed, as with every hosting service."""
    repository = own_git_server.create_repository("left", files={"a": "b"})
    reached, leave = tmp_path / "reached", tmp_path / "leave"
    os.mkfifo(reached)
    os.mkfifo(leave)
    hook = f"#!/bin/sh\necho here > {reached}\ncat {leave} > /dev/null\n"
    repository.install_hook("update", hook)
    work = clone(own_git_server, repository, to=tmp_path / "work")
    tip = commit(work, "file", b"x")
    pushing = subprocess.Popen(
        ["git", "-C", str(work), "push", "origin", "main"],
        env=os.environ | IDENTITY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    reached.read_text()
    os.killpg(pushing.pid, signal.SIGKILL)
    pushing.wait(30)
    leave.write_text("go on\n")

    until(lambda: repository.refs()["refs/heads/main"] == tip)
