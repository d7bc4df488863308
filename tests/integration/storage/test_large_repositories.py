"""Repositories that have grown for years: what is not ours costs next to nothing."""

from __future__ import annotations

import time

import pytest

from porch.storage.adapter import RevisionId
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.storage.opening import Opener

pytestmark = pytest.mark.process

TAGS = 10_000
COMMITS = 50_000
WHO = "them <them@example.com> 1700000000 +0000"
LINE = 'kpt:{"package":"p","workspaceName":"w","revision":"0","task":{"type":"init","init":{}}}'


def fast_import(server: Repository, stream: str) -> None:
    """Write commits and refs straight into the repository."""
    server.git("fast-import", "--quiet", "--force", stdin=stream.encode())


async def test_ten_thousand_tags_of_other_things_hide_nothing(
    opened: Opener, git_repository: Repository
) -> None:
    """Releases of a product, nightly builds, tags with a slash: none is a package."""
    head = git_repository.commit({"p/Kptfile": "kind: Kptfile\n"})
    names = [f"nightly-{n}" if n % 2 else f"builds/{n % 97}/build-{n}" for n in range(TAGS)]
    lines = "".join(f"create refs/tags/{name} {head}\n" for name in [*names, "p/v1"])
    git_repository.git("update-ref", "--stdin", stdin=lines.encode())
    repository = await opened()
    begun = time.monotonic()
    snapshot = await repository.observe()
    took = time.monotonic() - begun
    again = time.monotonic()
    await repository.observe()

    assert snapshot.revisions.keys() == {RevisionId("p", "v1"), RevisionId("p", "main")}
    assert snapshot.warnings == ()
    assert took < 20
    assert time.monotonic() - again < 2


async def test_fifty_thousand_commits_are_read_once(
    opened: Opener, git_repository: Repository
) -> None:
    """One walk tells of every package how it began; afterwards only what is new is read."""
    blob = "M 100644 inline p/Kptfile\ndata 14\nkind: Kptfile\n\n"
    first = f"commit refs/heads/main\nmark :1\ncommitter {WHO}\ndata {len(LINE)}\n{LINE}\n{blob}"
    rest = (
        f"commit refs/heads/main\nmark :{n}\ncommitter {WHO}\ndata 4\nwork\nfrom :{n - 1}\n\n"
        for n in range(2, COMMITS + 1)
    )
    fast_import(git_repository, first + "".join(rest))
    git_repository.git("update-ref", "refs/tags/p/v1", "refs/heads/main")
    repository = await opened()
    begun = time.monotonic()
    found = (await repository.observe()).revisions
    took = time.monotonic() - begun
    git_repository.commit({"q/Kptfile": "kind: Kptfile\n"})
    again = time.monotonic()
    later = (await repository.observe()).revisions

    assert RevisionId("p", "v1") in found
    assert RevisionId("q", "main") in later
    assert took < 60
    assert time.monotonic() - again < 2
