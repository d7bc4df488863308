"""Killed processes, servers that go away, changed credentials: what was asked for comes true."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.adapter import AccessDenied, RevisionId, Unreachable
from porch.storage.git.clone import CloneDamaged
from porch.storage.git.credentials import Credentials
from porch.storage.git.layout import Layout
from porch.storage.git.remote import Access
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials as Asked
from porch_devcluster.gitserver.server import GitServer
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import (
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)
from tests.integration.waiting import eventually

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
TAG = "refs/tags/net/vpc/v1"
PROPOSAL = "refs/heads/proposed/net/vpc/v1"

PUBLISHER = """
import asyncio, sys
from pathlib import Path
from porch.storage.adapter import Publish, Version
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import AUTHOR, INIT, VPC, package

async def publish():
    repository = await Opener(sys.argv[1], Path(sys.argv[2]))()
    await repository.observe()
    print("listed", flush=True)
    await repository.apply(Publish(VPC, package(), INIT, AUTHOR, Version(sys.argv[3])))

asyncio.run(publish())
"""
# An update hook runs once for each ref: it says so, and waits until this one is let through.
GATE = """\
#!/bin/sh
echo "$1" >> at; number=$(wc -l < at); until test -e "pass-$number"; do sleep 0.01; done
"""


@pytest.mark.parametrize("reached", [1, 2, 3])
async def test_without_atomic_pushes_a_killed_publication_is_finished_by_the_next(
    reached: int, opened: Opener, git_repository: Repository, tmp_path: Path
) -> None:
    """Branch, tag, removal: killed while the server is at any of the three."""
    git_repository.without_atomic()
    proposal = stored(await (await opened()).apply(draft(lifecycle=Lifecycle.PROPOSED)))
    git_repository.install_hook("update", GATE)
    gate = git_repository.path
    place = tmp_path / "killed"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PUBLISHER, opened.url, str(place), proposal.version,
        env={"PYTHONPATH": f"{ROOT}/operator:{ROOT}/devcluster:{ROOT}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    for step in range(1, reached):
        await come_to(gate, step)
        (gate / f"pass-{step}").touch()
    await come_to(gate, reached)
    process.kill()
    await process.wait()
    (gate / f"pass-{reached}").touch()
    await eventually(lambda: not list(gate.glob("**/*.lock")), what="the server has finished")
    git_repository.remove_hook("update")

    restarted = await Opener(opened.url, place)()
    known = (await restarted.observe()).revisions[VPC]
    over = None if known.lifecycle.is_published else known
    again = stored(await restarted.apply(publication(over=over)))
    await restarted.close()

    refs = git_repository.refs()
    assert (again.revision, again.digest) == (1, package().digest)
    assert [ref for ref in refs if ref.startswith("refs/tags/")] == [TAG]
    assert PROPOSAL not in refs
    assert refs["refs/heads/main"] == refs[TAG]
    merges = git_repository.git("rev-list", "--count", "--merges", "refs/heads/main")
    assert merges.strip() == "1"  # the killed one's, found again and not made twice


async def test_a_server_that_is_away_is_unreachable_and_found_again(
    own_git_server: GitServer, tmp_path: Path
) -> None:
    """A listing that fails shows nothing as gone; a publication is repeated by its caller."""
    served = own_git_server.create_repository("away", files={"README.md": "x"})
    opener = Opener(own_git_server.url_of(served), tmp_path / "clones")
    repository = await opener()
    await published(repository)
    own_git_server.stop()

    for call in (repository.observe(), repository.apply(publication(RevisionId("b", "v1")))):
        with pytest.raises(Unreachable):
            await call

    own_git_server.start()
    assert VPC in (await repository.observe()).revisions
    assert (await published(repository, RevisionId("b", "v1"))).revision == 1
    await opener.close()


async def test_credentials_are_asked_for_again_when_they_are_refused(
    own_git_server: GitServer, tmp_path: Path
) -> None:
    """A Secret is rotated at any time, and nobody starts the operator again for it."""
    served = own_git_server.create_repository("locked", files={"README.md": "x"})
    secret = ["wrong"]

    async def source(_: Credentials | None) -> Credentials:
        return Credentials.basic("porch", secret[0])

    opener = Opener(own_git_server.url_of(served), tmp_path / "clones")
    repository = await opener(Layout("main", ""), Access(credentials=source))
    own_git_server.require(Asked("porch", "first"))
    with pytest.raises(AccessDenied) as refused:
        await repository.observe()
    secret[0] = "first"
    await published(repository)
    own_git_server.require(Asked("porch", "second"))
    secret[0] = "second"

    assert "wrong" not in str(refused.value)
    assert (await published(repository, RevisionId("net/vpc", "v2"))).revision == 2
    assert len((await repository.observe()).revisions) == 3
    await opener.close()


async def test_lock_files_of_a_killed_process_stop_nothing(
    opened: Opener, git_repository: Repository, tmp_path: Path
) -> None:
    """They would lie there for ever, and the clone's own branches would never follow again."""
    place = tmp_path / "left"
    first = Opener(opened.url, place)
    await published(await first())
    await first.close()
    clone = next(place.glob("**/HEAD")).parent
    for name in ("packed-refs.lock", "config.lock", "refs/heads/main.lock"):
        (clone / name).touch()
    git_repository.git("update-ref", "refs/tags/p/v1", git_repository.commit(P_KPTFILE))
    again = Opener(opened.url, place)

    revisions = (await (await again()).observe()).revisions

    assert RevisionId("p", "v1") in revisions
    assert not list(clone.glob("**/*.lock"))
    await again.close()


async def test_a_clone_with_an_empty_object_is_made_anew(
    opened: Opener, git_repository: Repository, tmp_path: Path
) -> None:
    """A machine that lost its power leaves files without content."""
    place = tmp_path / "damaged"
    first = Opener(opened.url, place)
    await published(await first())
    await first.close()
    commit = git_repository.refs()["refs/heads/main"]
    for file in place.glob(f"**/objects/{commit[:2]}/{commit[2:]}"):
        file.chmod(0o644)
        file.write_bytes(b"")
    again = Opener(opened.url, place)
    repository = await again()

    with pytest.raises(CloneDamaged):
        await repository.observe()
    assert VPC in (await repository.observe()).revisions
    assert (await published(repository, RevisionId("net/vpc", "v2"))).revision == 2
    await again.close()


P_KPTFILE = {"p/Kptfile": "kind: Kptfile\n"}


async def come_to(gate: Path, number: int) -> None:
    """Wait until the server is at its n-th ref."""
    at = gate / "at"
    await eventually(
        lambda: at.exists() and len(at.read_text().splitlines()) == number,
        what=f"the server is at ref {number}",
    )
