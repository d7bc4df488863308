"""kill -9 at any moment of a publication, then again: the end is as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from porch.api.lifecycle import Lifecycle
from porch.storage.git.clone import CloneDamaged
from porch.storage.git.repository import GitRepository
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.storage.opening import Opener
from tests.integration.storage.packages import (
    RENDER,
    VPC,
    draft,
    package,
    publication,
    published,
    stored,
)
from tests.integration.waiting import eventually

pytestmark = pytest.mark.process

PUBLISHER = Path(__file__).with_name("publisher.py")
PROPOSED = "refs/heads/proposed/net/vpc/v1"
DONE = {"refs/heads/main", "refs/tags/net/vpc/v1"}

# Stops at a point of the server's work, says so in a file, and goes on when another one is there.
HALT = """\
#!/bin/sh
[ -e {there}/go ] && exit 0
cat > /dev/null
touch {there}/reached
while [ ! -e {there}/go ]; do sleep 0.02; done
"""
# Refuses the refs of one step; a crash before that step leaves the same.
NOT_YET = """\
#!/bin/sh
case "$1 $3" in
  {pattern}) echo "not yet" >&2; exit 1;;
esac
"""
NOTHING = "0" * 40


@asynccontextmanager
async def publisher(
    url: str, cache: Path, *expected: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that publishes content `1`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PUBLISHER), url, str(cache), "1", *expected,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_killed_publication_is_finished_by_the_next_process(
    opened: Opener, git_repository: Repository, tmp_path: Path, *, hook: str, is_stored: bool
) -> None:
    """Before the server took it, and after that but before we knew."""
    expected: tuple[str, ...] = ()
    first = await opened()
    if is_stored:
        expected = (stored(await first.apply(draft(lifecycle=Lifecycle.PROPOSED))).version,)
    git_repository.install_hook(hook, HALT.format(there=tmp_path))
    async with publisher(opened.url, tmp_path / "killed", *expected) as process:
        await eventually((tmp_path / "reached").exists)
        process.kill()
        await process.wait()
    (tmp_path / "go").touch()

    async with publisher(opened.url, tmp_path / "killed", *expected) as again:
        output, _ = await again.communicate()
    assert b"Stored(" in output
    assert git_repository.refs().keys() == DONE
    assert git_repository.git("rev-list", "--count", "--merges", "main").strip() == "1"
    final = (await first.observe()).revisions[VPC]
    assert (final.revision, final.digest) == (1, package().digest)


@pytest.mark.parametrize(
    ("step", "pattern", "left"),
    [
        ("branch", "refs/heads/main*", {"refs/heads/main", PROPOSED}),
        ("tag", "refs/tags/*", {"refs/heads/main", PROPOSED}),
        ("removal", f"*' '{NOTHING}", {*DONE, PROPOSED}),
    ],
)
async def test_steps_that_are_missing_are_made_by_the_next_process(
    opened: Opener, git_repository: Repository, *, step: str, pattern: str, left: set[str]
) -> None:
    """Without atomic pushes a crash may leave any first part of them."""
    git_repository.without_atomic()
    put = stored(await (await opened()).apply(draft(lifecycle=Lifecycle.PROPOSED)))
    git_repository.install_hook("update", NOT_YET.format(pattern=pattern))
    await (await opened()).apply(publication(over=put))
    assert git_repository.refs().keys() == left, step
    git_repository.remove_hook("update")

    final = stored(await (await opened()).apply(publication(over=put)))

    assert final.revision == 1
    assert git_repository.refs().keys() == DONE
    assert git_repository.git("rev-list", "--count", "--merges", "main").strip() == "1"


@pytest.mark.parametrize("lifecycle", [Lifecycle.DRAFT, Lifecycle.PROPOSED])
async def test_a_draft_beside_its_proposal_is_made_one_again(
    opened: Opener, git_repository: Repository, lifecycle: Lifecycle
) -> None:
    """A crash in the middle of proposing, or of taking back."""
    put = stored(await (await opened()).apply(draft()))
    git_repository.git("update-ref", PROPOSED, put.lock.commit)
    repository = await opened()
    snapshot = await repository.observe()
    assert snapshot.revisions[VPC].lifecycle is Lifecycle.PROPOSED
    assert [each.where for each in snapshot.warnings] == ["drafts/net/vpc/v1"]

    final = stored(await repository.apply(draft(over=put, lifecycle=lifecycle, task=RENDER)))

    assert final.lifecycle is lifecycle
    assert git_repository.refs().keys() == {"refs/heads/main", f"refs/heads/{final.lock.ref}"}
    assert (await repository.observe()).warnings == ()


async def test_work_of_others_that_a_publication_does_not_hold_is_left(
    opened: Opener, git_repository: Repository
) -> None:
    """A draft that somebody made beside the proposal: it is told, and never dropped."""
    put = stored(await (await opened()).apply(draft(lifecycle=Lifecycle.PROPOSED)))
    theirs = git_repository.commit({"net/vpc/Kptfile": "theirs\n"}, branch="drafts/net/vpc/v1")
    repository = await opened()
    await repository.apply(publication(over=put))

    assert git_repository.refs()["refs/heads/drafts/net/vpc/v1"] == theirs
    warned = (await repository.observe()).warnings
    assert [each.where for each in warned] == ["drafts/net/vpc/v1"]


async def test_a_deleted_revision_can_be_made_and_published_again(
    repository: GitRepository, git_repository: Repository
) -> None:
    """Its old approval is in the history of the branch, and is not taken for the new one."""
    await published(repository, text="1")
    git_repository.git("update-ref", "-d", "refs/tags/net/vpc/v1")
    await repository.observe()
    put = stored(await repository.apply(draft(text="2")))
    final = stored(await repository.apply(publication(text="2", over=put)))

    assert (final.revision, final.digest) == (1, package("2").digest)
    assert git_repository.git("rev-parse", "main").strip() == final.lock.commit


async def test_a_clone_with_leftovers_of_a_killed_process_is_used_again(
    opened: Opener, git_repository: Repository, tmp_path: Path
) -> None:
    """Lock files and half-written packs belong to nobody any more."""
    await published(await opened())
    clone = next((tmp_path / "clone-0").iterdir())
    (clone / "packed-refs.lock").touch()
    (clone / "refs" / "heads" / "main.lock").parent.mkdir(parents=True, exist_ok=True)
    (clone / "refs" / "heads" / "main.lock").touch()
    (clone / "objects" / "pack" / "tmp_pack_x").write_bytes(b"half")

    repository = await opened(at="clone-0")
    git_repository.commit({"other": "x"})
    assert VPC in (await repository.observe()).revisions
    assert not list(clone.rglob("*.lock"))
    assert not (clone / "objects" / "pack" / "tmp_pack_x").exists()


@pytest.mark.parametrize("damage", ["HEAD", "config"])
async def test_a_clone_past_use_is_made_anew(opened: Opener, tmp_path: Path, damage: str) -> None:
    """It is a cache."""
    await published(await opened())
    clone = next((tmp_path / "clone-0").iterdir())
    (clone / damage).write_bytes(b"\0garbage[[[\n")

    assert VPC in (await (await opened(at="clone-0")).observe()).revisions


async def test_a_clone_with_damaged_objects_is_made_anew_by_the_next_listing(
    opened: Opener, tmp_path: Path
) -> None:
    """The one that meets the damage says so, and drops nothing."""
    final = await published(await opened())
    for folder in next((tmp_path / "clone-0").iterdir()).glob("objects/??"):
        for each in folder.iterdir():
            each.chmod(0o600)
            each.write_bytes(b"garbage")
    repository = await opened(at="clone-0")
    with pytest.raises(CloneDamaged, match="damaged"):
        await repository.observe()

    assert (await repository.observe()).revisions[VPC] == final
    assert dict(await repository.read(final)) == dict(package())
