"""What is known of a revision that a source names, before and after its repository is listed."""

import asyncio
from datetime import UTC, datetime

import pytest

from porch.api.lifecycle import Lifecycle
from porch.api.meta import ObjectMeta
from porch.api.packagerevision import PackageRevision, PackageRevisionSpec, PackageRevisionStatus
from porch.api.repository import GitRepository, Repository, RepositorySpec, RepositoryType
from porch.controllers.homes import Homes, Registered
from porch.controllers.packagerevision.library import RegisteredRevisions, RepositoryGone
from porch.engine.ports import Origin
from porch.engine.seen import Key
from porch.kpt.content import Content
from porch.runtime.store import Store
from porch.storage.adapter import RevisionId
from porch.storage.known import Known
from tests.unit.engine.fake_repository import FakeRepository

ID = RevisionId("base", "v1")
KEY, HOME = Key("ns", "blueprints.base.v1"), Key("ns", "blueprints")
CONTENT = Content.from_texts({"Kptfile": "k"})


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """One revision, and its repository."""

    def __init__(
        self, *, lifecycle: Lifecycle = Lifecycle.PUBLISHED, workspace: str = "v1"
    ) -> None:
        self.repository = FakeRepository(now=now)
        self.known = Known(self.repository, now)
        self.homes = Homes()
        store: Store[PackageRevision] = Store()
        self.library = RegisteredRevisions(store=store, homes=self.homes)
        spec = PackageRevisionSpec(
            package_name="base",
            repository="blueprints",
            workspace_name=workspace,
            lifecycle=lifecycle,
        )
        metadata = ObjectMeta(namespace="ns", name=KEY.name, resource_version="1")
        status = PackageRevisionStatus(lifecycle=lifecycle)
        store.put(PackageRevision(metadata=metadata, spec=spec, status=status))

    def register(self) -> Registered:
        git = GitRepository(repo="https://example.org/r.git", branch="main")
        registered = Registered(
            Repository(
                metadata=ObjectMeta(namespace="ns", name="blueprints"),
                spec=RepositorySpec(type=RepositoryType.GIT, git=git),
            ),
            self.known,
        )
        self.homes.put(HOME, registered)
        return registered

    def found(self) -> Origin:
        origin = self.library.find(KEY)
        assert origin is not None
        return origin


def test_what_has_no_object_is_not_known() -> None:
    assert World().library.find(Key("ns", "other.base.v1")) is None


def test_before_the_listing_the_reason_is_told() -> None:
    """With the trouble of the listing, which is what there is to mend."""
    world = World()

    assert "has not been listed yet" in world.found().trouble
    world.register().trouble = "the server does not answer"
    assert "the server does not answer" in world.found().trouble
    assert world.found().stored is None


def test_a_listed_revision_is_read_with_its_bytes() -> None:
    world = World()
    world.register()
    world.repository.publish(ID, CONTENT)
    asyncio.run(world.known.observe())
    origin = world.found()

    assert (origin.repository, origin.id, origin.trouble) == ("blueprints", ID, "")
    assert origin.stored is not None
    read = asyncio.run(world.library.read(origin, origin.stored, namespace="ns"))
    assert read == CONTENT


def test_a_revision_that_the_listing_lacks_is_told_so() -> None:
    world = World()
    world.register()
    asyncio.run(world.known.observe())

    assert "does not hold it" in world.found().trouble


def test_a_draft_is_never_content_to_start_from() -> None:
    """Whatever git holds of it may change until it is published."""
    world = World(lifecycle=Lifecycle.DRAFT)
    world.register()
    world.repository.hold(ID, CONTENT, Lifecycle.DRAFT)
    asyncio.run(world.known.observe())

    assert (world.found().lifecycle, world.found().stored) == (Lifecycle.DRAFT, None)


@pytest.mark.parametrize(("workspace", "is_placeholder"), [("main", True), ("v1", False)])
def test_the_revision_of_the_branch_is_a_placeholder(
    workspace: str, *, is_placeholder: bool
) -> None:
    world = World(workspace=workspace)
    world.register()

    assert world.found().is_placeholder is is_placeholder


def test_a_repository_that_goes_meanwhile_is_waited_for() -> None:
    world = World()
    world.register()
    world.repository.publish(ID, CONTENT)
    asyncio.run(world.known.observe())
    origin = world.found()
    world.homes.pop(HOME)

    assert origin.stored is not None
    with pytest.raises(RepositoryGone):
        asyncio.run(world.library.read(origin, origin.stored, namespace="ns"))
