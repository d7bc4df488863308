"""What is saved when a home goes."""

import asyncio
from dataclasses import replace

from porch.engine import executor
from porch.engine.seen import Home
from porch.engine.sharing import pushed_of
from porch.kpt.content import Content
from porch.storage.adapter import Change, Outcome
from tests.unit.engine.building import ID, KEY, THEIRS, D
from tests.unit.engine.fake_repository import FakeRepository
from tests.unit.engine.fakes import rendered
from tests.unit.engine.living import MANIFEST, World, drafted


async def left(world: World, **changes: object) -> list[str]:
    """The object goes with its home; what was announced."""
    world.revisions.delete(KEY)
    world.operator.announcer.reasons.clear()
    observed = world.operator.observe(KEY)
    assert observed is not None
    await executor.run(
        world.operator.world,
        replace(observed, home=Home.LEAVING, **changes),  # type: ignore[arg-type]
    )
    assert KEY not in world.revisions.objects
    assert KEY not in world.resources.objects
    return world.operator.announcer.reasons


async def test_an_edit_that_was_never_rendered_is_saved_when_its_home_goes() -> None:
    world = drafted()
    world.apply(THEIRS)
    world.operator.cache.deliver()

    assert await left(world) == ["DraftPushed"]
    assert world.repository.content(ID) == THEIRS


async def test_a_rendered_edit_is_saved_although_its_resources_went_first() -> None:
    """A namespace deletes its objects in any order, and resources have no finalizer."""
    world = drafted()
    edited = world.apply(Content.from_texts({**MANIFEST.texts, "ours.yaml": "o: 1"}))
    world.operator.cache.deliver()
    world.operator.reconcile(KEY)
    world.resources.remove(KEY)
    world.operator.cache.deliver()

    assert await left(world) == ["DraftPushed"]
    assert world.repository.content(ID) == rendered(edited.content)


async def test_what_went_with_its_resources_and_is_not_in_memory_is_told() -> None:
    """An operator that was started since never saw it."""
    world = drafted()
    observed = world.operator.observe(KEY)
    assert observed is not None
    unknown = replace(observed.fact, digest=THEIRS.digest)
    world.resources.remove(KEY)
    world.operator.cache.deliver()

    assert await left(world, fact=unknown) == ["DraftNotPushed"]


async def test_a_last_push_finds_our_own_late_push_and_goes_on() -> None:
    world = drafted()
    listed = world.operator.observe(KEY)
    assert listed is not None
    edited = Content.from_texts({**MANIFEST.texts, "ours.yaml": "o"})
    world.apply(edited)
    world.settle()
    late = world.repository.stored(ID)
    assert late is not None
    unheard = replace(listed.fact, unconfirmed=(pushed_of(late),))
    world.apply(THEIRS)
    world.operator.cache.deliver()

    assert await left(world, stored=listed.stored, fact=unheard) == ["DraftPushed"]
    assert world.repository.content(ID) == THEIRS


async def test_a_last_push_never_overwrites_what_others_moved() -> None:
    """The user is told that their content is gone."""
    world = drafted()
    world.apply(MANIFEST)
    world.apply(Content.from_texts({**MANIFEST.texts, "ours.yaml": "o"}))
    world.operator.cache.deliver()
    world.repository.hold(ID, THEIRS, D)

    assert await left(world) == ["DraftNotPushed"]
    assert world.repository.content(ID) == THEIRS


async def test_a_last_push_gives_up_when_git_does_not_answer_in_time() -> None:
    """A namespace must go."""

    class _Silent(FakeRepository):
        async def apply(self, change: Change) -> Outcome:
            never: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            return await never

    world = drafted()
    world.apply(THEIRS)
    world.operator.cache.deliver()
    limit = world.operator.world.flush_limit / 6000
    world.operator.world = replace(world.operator.world, repository=_Silent(), flush_limit=limit)

    assert await left(world) == ["DraftNotPushed"]


async def test_nothing_is_pushed_when_git_has_everything() -> None:
    world = drafted()
    version = world.repository.versions

    assert await left(world) == []
    assert world.repository.versions == version
