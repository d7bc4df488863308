"""Whole lives of revisions over faithful fakes: what users, resources and git then show."""

import pytest

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine import executor
from porch.engine.plan import plan
from porch.engine.seen import Pushed
from porch.engine.sharing import confirmed
from porch.engine.sources import Init
from porch.errors import Conflict
from porch.kpt.content import Content
from porch.storage.adapter import Change, Outcome, Publish, Unreachable
from tests.unit.engine.building import DEL, ID, KEY, PUB, THEIRS, D, P
from tests.unit.engine.fake_repository import FakeRepository
from tests.unit.engine.fake_resources import SealBroken
from tests.unit.engine.fakes import no_effect, rendered
from tests.unit.engine.living import MANIFEST, World, drafted
from tests.unit.engine.operating import Killed, finish


@pytest.mark.parametrize("wish", [D, P, PUB])
def test_a_life_in_one_breath_ends_as_wished_with_nothing_left_to_plan(wish: Lifecycle) -> None:
    """A manifest states the end that it wants."""
    world = World(Init("text"), wish)
    end = world.settle()

    assert (end.fact.lifecycle, end.halt, plan(confirmed(end))) == (wish, None, None)
    stored = world.repository.stored(ID)
    assert stored is not None
    assert (stored.digest, stored.lifecycle) == (world.shown.content.digest, wish)


def test_an_edit_is_rendered_pushed_and_done_when_its_generation_is_covered() -> None:
    world = World(Init("text"))
    world.settle()
    written = world.apply(MANIFEST)
    end = world.settle()

    assert world.shown.content == rendered(MANIFEST)
    assert world.repository.content(ID) == rendered(MANIFEST)
    assert end.fact.record is not None
    assert end.fact.record.resources_generation >= written.generation


def test_applying_the_same_manifest_again_runs_nothing_and_commits_nothing() -> None:
    """A GitOps tool does it every few minutes."""
    world = drafted()
    runs, version = world.renderer.runs, world.repository.versions
    world.apply(MANIFEST)
    world.settle()

    assert (world.renderer.runs, world.repository.versions) == (runs, version)
    assert world.shown.content == rendered(MANIFEST)


def test_applying_the_same_manifest_after_a_restart_ends_in_the_same_content() -> None:
    """The memory is gone, so it is rendered again; git sees nothing of it."""
    world = drafted()
    version = world.repository.versions
    world.restart()
    world.apply(MANIFEST)
    world.settle()

    assert world.repository.versions == version
    assert world.shown.content == rendered(MANIFEST)


def test_a_crash_between_the_content_and_the_status_renders_nothing_again() -> None:
    """The record was written first, so content equal to its output is done."""
    world = drafted()
    world.apply(Content.from_texts({**MANIFEST.texts, "b.yaml": "b"}))

    def die(effect: str) -> None:
        if effect == "cache.write":
            raise Killed

    world.restart(die)
    with pytest.raises(Killed):
        world.settle()
    runs = world.renderer.runs
    world.restart()
    end = world.settle()

    assert world.renderer.runs == runs
    assert end.fact.digest == world.shown.content.digest


def test_a_failed_render_keeps_the_files_as_the_user_left_them() -> None:
    world = drafted()
    broken = Content.from_texts({**world.shown.content.texts, "b.yaml": "FAIL"})
    world.apply(broken)
    end = world.settle()

    assert world.shown.content == broken
    assert end.fact.record is not None
    assert not end.fact.record.succeeded


def test_the_input_of_a_failed_render_written_as_such_is_an_edit() -> None:
    """It is no re-apply: nothing was rendered from it, so nothing may replace it."""
    world = drafted()
    shown = world.shown.content
    world.apply(Content.from_texts({**shown.texts, "b.yaml": "FAIL"}))
    world.settle()
    inputs = Content.from_texts({**MANIFEST.texts, "b.yaml": "FAIL"})
    world.apply(inputs)
    world.settle()

    assert world.shown.content == inputs


def test_a_push_that_wipes_our_note_is_noted_again_without_a_render() -> None:
    """The existing command line keeps nothing but the files."""
    world = drafted()
    runs = world.renderer.runs
    world.resources.push(KEY, world.shown.content, version=world.shown.version)
    world.settle()

    assert world.shown.note == world.shown.generation
    assert world.renderer.runs == runs


def test_an_edit_that_races_a_proposal_is_in_it() -> None:
    """It came before the seal, so it is rendered first."""
    world = drafted()
    world.wish(P)
    edited = Content.from_texts({**MANIFEST.texts, "late.yaml": "late"})

    def edit(effect: str) -> None:
        if effect == "cache.read" and "late.yaml" not in world.shown.content:
            world.apply(edited)

    world.restart(edit)
    end = world.settle()

    assert end.fact.lifecycle is P
    assert world.shown.content == rendered(edited)


def test_a_sealed_proposal_refuses_edits_until_it_is_rejected() -> None:
    world = drafted()
    world.wish(P)
    world.settle()
    with pytest.raises(SealBroken):
        world.apply(THEIRS)
    world.wish(D)
    world.settle()

    world.apply(THEIRS)
    assert world.settle().fact.lifecycle is D


@pytest.mark.parametrize("last", ["repository.apply", "cache.mark"])
def test_a_rejection_that_a_crash_cut_short_does_not_take_back_the_approval_after_it(
    last: str,
) -> None:
    """What git holds by then is our own move, not a rejection by somebody else."""
    world = drafted()
    world.wish(P)
    world.settle()

    def die(effect: str) -> None:
        if effect == last:
            raise Killed

    world.restart(die)
    world.repository.effect = die
    world.wish(D)
    with pytest.raises(Killed):
        world.settle()
    edited = Content.from_texts({**world.shown.content.texts, "late.yaml": "late"})
    is_open = world.shown.lifecycle is D
    if is_open:
        world.apply(edited)
    world.wish(PUB)
    world.restart()
    world.repository.effect = no_effect
    end = world.settle()

    assert (end.wish.lifecycle, end.fact.lifecycle) == (PUB, PUB)
    assert ("late.yaml" in world.shown.content) is is_open


def test_what_was_written_down_before_an_action_failed_stays_written() -> None:
    """Else our own push would be taken for somebody else's once its answer is forgotten."""
    world = drafted()
    world.wish(P)
    world.settle()

    def fail(effect: str) -> None:
        if effect == "cache.mark":
            raise Unreachable("the answer never came")

    world.restart(fail)
    world.wish(D)
    world.operator.cache.deliver()
    world.operator.list(lambda _: KEY)
    seen = world.operator.reconcile(KEY)
    assert seen is not None
    assert seen.error is not None

    told = world.revisions.objects[KEY].fact.unconfirmed
    assert Pushed(world.shown.content.digest, D) in told


def test_an_approval_while_git_is_down_waits_with_the_seal_in_place() -> None:
    """The edit is rendered, the seal is shown, and nothing is forgotten."""
    world = drafted()
    edited = Content.from_texts({**MANIFEST.texts, "late.yaml": "late"})
    world.apply(edited)
    world.wish(PUB)
    world.repository.reachable = False
    waiting = world.settle()

    assert waiting.fact.lifecycle is P
    assert isinstance(waiting.error, Unreachable)
    assert waiting.halt is not None
    assert not waiting.halt.stalled

    world.repository.reachable = True
    assert world.settle().fact.lifecycle is PUB
    assert world.repository.content(ID) == rendered(edited)


def test_a_publication_goes_on_when_our_own_push_landed_under_it() -> None:
    """The lease is lost to ourselves, so it is taken again."""
    world = drafted()
    world.wish(PUB)

    class _Pushing(FakeRepository):
        async def apply(self, change: Change) -> Outcome:
            if isinstance(change, Publish) and self.stored(ID) == before:
                self.hold(ID, world.shown.content, P)
            return await super().apply(change)

    before = world.repository.stored(ID)
    pushing = _Pushing(now=world.repository.now)
    pushing.drafts, pushing.versions = world.repository.drafts, world.repository.versions
    world.repository = pushing
    world.restart()

    assert world.settle().fact.lifecycle is PUB


def test_a_hook_that_refuses_a_publication_stalls_it_with_its_words() -> None:
    world = drafted()
    world.wish(PUB)
    world.repository.refusal = "branch is protected"
    end = world.settle()

    assert end.halt is not None
    assert (end.halt.reason, end.halt.stalled) == (Reason.PUSH_REFUSED, True)
    assert "branch is protected" in end.halt.message
    assert end.fact.lifecycle is P


def test_a_published_revision_keeps_a_short_record_of_its_render() -> None:
    world = World(Init("text"), PUB)
    record = world.settle().fact.record

    assert record is not None
    assert (record.output, record.inputs) == (world.shown.content.digest, None)


def test_what_was_published_is_shown_sealed_whatever_was_put_in_its_place() -> None:
    world = World(Init("text"), PUB)
    world.settle()
    published = world.shown.content
    world.resources.remove(KEY)
    world.apply(THEIRS)
    world.settle()

    assert (world.shown.content, world.shown.lifecycle) == (published, PUB)


def test_an_edit_that_no_watch_has_told_of_is_not_overwritten_by_a_publication_found_in_git() -> (
    None
):
    """Nobody could know that the revision is published: both are kept, and the user chooses."""
    world = World()
    world.repository.publish(ID, rendered(MANIFEST))
    world.operator.list(lambda id_: KEY)
    edit = world.apply(Content.from_texts({**MANIFEST.texts, "edit.yaml": "e: 1"}))
    end = world.operator.reconcile(KEY)

    assert world.shown.content == rendered(edit.content)
    assert end is not None
    assert end.halt is not None
    assert end.halt.reason == Reason.DRAFT_MOVED


def test_a_revision_deleted_in_both_steps_leaves_no_trace() -> None:
    world = World(Init("text"), PUB)
    world.settle()
    world.wish(DEL)
    assert world.settle().fact.lifecycle is DEL
    world.revisions.delete(KEY)
    world.operator.reconcile(KEY)

    assert (world.revisions.objects, world.resources.objects) == ({}, {})
    assert world.repository.stored(ID) is None


def test_an_object_whose_tag_others_removed_goes_with_its_resources() -> None:
    world = World(Init("text"), PUB)
    world.settle()
    world.wish(DEL)
    world.settle()
    world.repository.tags.clear()
    world.operator.list(lambda _: KEY)
    world.operator.reconcile(KEY)

    assert (world.revisions.objects, world.resources.objects) == ({}, {})


def test_a_proposal_of_others_becomes_a_sealed_proposal_here() -> None:
    world = World()
    world.repository.hold(ID, rendered(MANIFEST), P)
    end = world.settle()

    assert (end.wish.lifecycle, end.fact.lifecycle) == (P, P)
    assert world.shown.lifecycle is P


def test_a_proposal_of_others_that_does_not_render_stays_theirs() -> None:
    """Nothing un-rendered becomes Proposed here, and nothing of theirs is taken back."""
    world = World()
    world.repository.hold(ID, Content.from_texts({"a.yaml": "FAIL"}), P)
    end = world.settle()

    assert end.fact.lifecycle is D
    assert end.halt is not None
    assert end.halt.reason == Reason.RENDER_FAILED
    stored = world.repository.stored(ID)
    assert stored is not None
    assert stored.lifecycle is P


def test_content_that_others_pushed_is_rendered_and_pushed_back() -> None:
    world = drafted()
    theirs = Content.from_texts({**world.shown.content.texts, "theirs.yaml": "t"})
    world.repository.hold(ID, theirs, D)
    end = world.settle()

    assert end.halt is None
    assert world.shown.content == rendered(theirs)
    assert world.repository.content(ID) == rendered(theirs)


def test_a_divergence_heals_by_either_choice_of_the_user() -> None:
    """Remove the branch to go on with ours, remove the resources to take theirs."""

    def diverged() -> World:
        world = drafted()
        world.repository.hold(ID, THEIRS, D)
        world.apply(Content.from_texts({**MANIFEST.texts, "ours.yaml": "o"}))
        end = world.settle()
        assert end.halt is not None
        assert end.halt.reason == Reason.DRAFT_MOVED
        assert end.fact.diverged == THEIRS.digest
        assert world.repository.content(ID) == THEIRS
        return world

    ours = diverged()
    ours.repository.drafts.clear()
    end = ours.settle()
    assert (end.halt, end.fact.diverged) == (None, None)
    assert "ours.yaml" in (ours.repository.content(ID) or ())

    theirs = diverged()
    theirs.resources.remove(KEY)
    end = theirs.settle()
    assert (end.halt, end.fact.diverged) == (None, None)
    assert theirs.shown.content == rendered(THEIRS)


def test_removed_resources_come_back_from_git_as_they_were_sealed() -> None:
    """Not rendered again: what was proposed is what comes back."""
    world = drafted()
    world.wish(P)
    world.settle()
    runs, sealed = world.renderer.runs, world.shown.content
    world.resources.remove(KEY)
    end = world.settle()

    assert (world.shown.content, world.shown.lifecycle) == (sealed, P)
    assert (end.fact.lifecycle, world.renderer.runs) == (P, runs)


def test_a_lost_race_for_the_object_itself_is_the_work_queues_business() -> None:
    """What is known of it is out of date."""
    world = World(Init("text"))
    world.operator.list(lambda _: KEY)
    observed = world.operator.observe(KEY)
    assert observed is not None
    world.wish(P)

    with pytest.raises(Conflict):
        finish(executor.run(world.operator.world, observed))
