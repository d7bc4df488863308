"""Packages of repositories that are not registered, fetched from a git server over HTTP."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from porch.errors import Transient
from porch.storage.adapter import AccessDenied, Lock, Unreachable
from porch.storage.git.credentials import Credentials
from porch.storage.git.foreign import ForeignPackages, Limits, Place, address_of
from porch.storage.git.objects import ContentTooLarge
from porch.storage.git.remote import Access
from porch.storage.upstream import Fetched, UpstreamBusy, UpstreamInvalid, UpstreamMissing
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import Credentials as Wanted
from porch_devcluster.gitserver.server import GitServer

pytestmark = pytest.mark.process

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: vpc\n"
FILES = {"net/vpc/Kptfile": KPTFILE, "net/vpc/parts/net.yaml": "a: 1\n", "docs/index.md": "# x\n"}


@pytest.fixture
def packages(tmp_path: Path) -> ForeignPackages:
    """With an empty cache."""
    return ForeignPackages(tmp_path / "upstreams", Limits())


@pytest.fixture
def url(git_server: GitServer, git_repository: Repository) -> str:
    """A repository with a package."""
    git_repository.commit(FILES)
    return git_server.url_of(git_repository)


def vpc(url: str, ref: str = "main", directory: str = "net/vpc") -> Place:
    """The package there."""
    return Place(address_of(url), ref, directory)


async def test_a_package_comes_with_all_its_files_and_the_exact_place(
    packages: ForeignPackages, url: str, git_repository: Repository
) -> None:
    fetched = await packages.fetch(vpc(url), Access())
    tree = git_repository.git("rev-parse", "main:net/vpc").strip()

    assert fetched.content.digest == f"tree:{tree}"
    assert set(fetched.content.texts) == {"Kptfile", "parts/net.yaml"}
    commit = git_repository.refs()["refs/heads/main"]
    assert fetched.lock == Lock(url, "net/vpc", "main", commit)


async def test_a_branch_a_tag_and_a_commit_of_the_past_can_be_named(
    packages: ForeignPackages, url: str, git_repository: Repository
) -> None:
    """Also an annotated tag, and a commit that no ref names any more."""
    first = git_repository.refs()["refs/heads/main"]
    git_repository.git("tag", "net/vpc/v1", first)
    second = git_repository.commit({"net/vpc/parts/net.yaml": "a: 2\n"})
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git_repository.git(*identity, "tag", "-a", "-m", "two", "v2", second)
    git_repository.commit({"net/vpc/parts/net.yaml": "a: 3\n"})
    found = {
        ref: (await packages.fetch(vpc(url, ref), Access())).content.texts["parts/net.yaml"]
        for ref in ("main", "v1", "net/vpc/v1", "v2", first, second)
    }

    assert found == {
        "main": "a: 3\n",
        "v1": "a: 1\n",
        "net/vpc/v1": "a: 1\n",
        "v2": "a: 2\n",
        first: "a: 1\n",
        second: "a: 2\n",
    }


async def test_a_branch_that_moved_is_read_anew(
    packages: ForeignPackages, url: str, git_repository: Repository
) -> None:
    await packages.fetch(vpc(url), Access())
    git_repository.commit({"net/vpc/parts/net.yaml": "a: 2\n"})
    fetched = await packages.fetch(vpc(url), Access())

    assert fetched.content.texts["parts/net.yaml"] == "a: 2\n"


async def test_the_root_of_a_repository_can_be_a_package(
    packages: ForeignPackages, url: str, git_repository: Repository
) -> None:
    git_repository.commit({"Kptfile": KPTFILE})
    fetched = await packages.fetch(vpc(url, directory=""), Access())

    assert "docs/index.md" in fetched.content


@pytest.mark.parametrize("ref", ["v9", "0" * 40])
async def test_a_ref_that_is_not_there_may_come(
    packages: ForeignPackages, url: str, ref: str
) -> None:
    with pytest.raises(UpstreamMissing, match=ref):
        await packages.fetch(vpc(url, ref), Access())


async def test_a_repository_that_is_not_there_may_come(
    packages: ForeignPackages, git_server: GitServer
) -> None:
    with pytest.raises(UpstreamMissing):
        await packages.fetch(vpc(f"{git_server.url}/nowhere.git"), Access())


@pytest.mark.parametrize(
    ("directory", "words"),
    [
        ("net/vpn", "must have the directory 'net/vpn'"),
        ("docs", "has no Kptfile"),
        ("docs/index.md", "must have the directory"),
        ("", "has no Kptfile"),
    ],
)
async def test_a_directory_that_is_no_package_is_told(
    packages: ForeignPackages, url: str, directory: str, words: str
) -> None:
    with pytest.raises(UpstreamInvalid, match=words):
        await packages.fetch(vpc(url, directory=directory), Access())


async def test_a_server_that_is_down_is_tried_again(
    packages: ForeignPackages, own_git_server: GitServer
) -> None:
    url = own_git_server.url_of(own_git_server.create_repository("catalogue", files=FILES))
    own_git_server.stop()

    with pytest.raises(Unreachable):
        await packages.fetch(vpc(url), Access())
    own_git_server.start()
    assert await packages.fetch(vpc(url), Access())


async def test_what_one_may_read_is_not_given_to_another(
    packages: ForeignPackages, own_git_server: GitServer
) -> None:
    """The clone is shared, and the server decides each time."""
    url = own_git_server.url_of(own_git_server.create_repository("catalogue", files=FILES))
    own_git_server.require(Wanted("robot", "s3cr3t"))

    async def login(_: Credentials | None) -> Credentials:
        return Credentials.basic("robot", "s3cr3t")

    await packages.fetch(vpc(url), Access(credentials=login))

    with pytest.raises(AccessDenied):
        await packages.fetch(vpc(url), Access())


async def test_a_fetch_is_cut_off_at_its_size(
    packages: ForeignPackages, url: str, git_repository: Repository
) -> None:
    """A repository of any size must not fill the operator's disk."""
    git_repository.commit({"net/vpc/large.bin": os.urandom(3_000_000)})

    with pytest.raises(ContentTooLarge, match="at most 1000000 bytes"):
        await packages.fetch(vpc(url), Access(max_file_bytes=1_000_000))
    assert await packages.fetch(vpc(url), Access(max_file_bytes=10_000_000))


async def test_a_fetch_is_cut_off_at_its_time(packages: ForeignPackages, url: str) -> None:
    with pytest.raises(Unreachable, match="no answer within"):
        await packages.fetch(vpc(url), Access(timeout=timedelta(milliseconds=1)))


async def test_no_more_are_fetched_at_once_than_may_be(url: str, tmp_path: Path) -> None:
    """A server that hangs keeps a few workers, and the others go on."""
    packages = ForeignPackages(tmp_path / "upstreams", Limits(at_once=1))
    first = asyncio.create_task(packages.fetch(vpc(url), Access()))
    await asyncio.sleep(0)

    with pytest.raises(UpstreamBusy):
        await packages.fetch(vpc(url), Access())
    assert await first
    assert await packages.fetch(vpc(url), Access())


async def test_a_clone_that_is_damaged_is_made_anew(
    packages: ForeignPackages, url: str, tmp_path: Path
) -> None:
    await packages.fetch(vpc(url), Access())
    for pack in (tmp_path / "upstreams").rglob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(b"PACK")

    fetched = await _twice(packages, vpc(url))
    assert fetched.content.texts["parts/net.yaml"] == "a: 1\n"


async def test_the_cache_keeps_what_was_used_last_and_no_more(
    git_server: GitServer, tmp_path: Path
) -> None:
    packages = ForeignPackages(tmp_path / "upstreams", Limits(clones=2))
    for number in range(4):
        name = f"{tmp_path.name.lower().replace('_', '-')}-{number}"
        repository = git_server.create_repository(name, files=FILES)
        await packages.fetch(vpc(git_server.url_of(repository)), Access())

    assert len(list((tmp_path / "upstreams").iterdir())) <= 3


async def test_a_clone_beyond_its_size_is_made_anew(
    url: str, git_repository: Repository, tmp_path: Path
) -> None:
    packages = ForeignPackages(tmp_path / "upstreams", Limits(clone_bytes=100_000))
    for _ in range(3):
        git_repository.commit({"net/vpc/some.bin": os.urandom(80_000)})
        await packages.fetch(vpc(url), Access())
    size = sum(each.stat().st_size for each in (tmp_path / "upstreams").rglob("*.pack"))

    assert size < 200_000


async def _twice(packages: ForeignPackages, place: Place) -> Fetched:
    """The first look may find the damage, the second one must not."""
    try:
        return await packages.fetch(place, Access())
    except Transient:
        return await packages.fetch(place, Access())
