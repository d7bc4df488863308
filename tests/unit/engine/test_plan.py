"""What happens next with a revision: one test a rule of the life cycle."""

from dataclasses import replace

import pytest

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine.actions import (
    AddFinalizer,
    AdoptDraft,
    DeleteStored,
    FlushDraft,
    Forget,
    MakeDraft,
    ProposeDeletion,
    Publish,
    ReadBody,
    Record,
    Release,
    RenderEdit,
    Reopen,
    Seal,
    SetWish,
    Show,
    UndoDeletion,
)
from porch.engine.plan import plan
from porch.engine.seen import Halt, Home, Seen
from porch.engine.sources import Init
from tests.unit.engine.building import (
    BEFORE,
    DEL,
    OURS,
    PUB,
    THEIRS,
    D,
    P,
    body,
    established,
    pushed,
    record,
    seen,
    stored,
    unread,
)

GENERATION_AFTER = 4  # of a write after our last one


def halted(looked_at: Seen) -> Halt:
    """The Halt that the plan ends in."""
    step = plan(looked_at)
    assert isinstance(step, Halt)
    return step


def wished(looked_at: Seen) -> Lifecycle:
    """The wish that the plan sets."""
    step = plan(looked_at)
    assert isinstance(step, SetWish)
    return step.lifecycle


# -- new revisions


@pytest.mark.parametrize("home", [Home.UNLISTED, Home.MISSING, Home.LEAVING])
def test_nothing_is_made_before_its_repository_is_listed(home: Home) -> None:
    """Git may hold the revision already; and a repository that goes takes no new ones."""
    assert not halted(seen(None, D, source=Init(""), home=home, finalizer=False)).stalled


def test_the_finalizer_comes_before_the_first_effect() -> None:
    """No deletion may miss an effect."""
    assert plan(seen(None, D, source=Init(""), finalizer=False)) == AddFinalizer()


def test_a_refused_revision_gets_no_finalizer() -> None:
    """It leaves no trace anywhere, so it can be deleted at once."""
    refusal = Halt(Reason.ALREADY_EXISTS, "exists", stalled=True)
    refused = replace(seen(None, D, source=Init(""), finalizer=False), refusal=refusal)

    assert plan(refused) == refusal


def test_a_draft_is_made_from_its_source() -> None:
    assert plan(seen(None, D, source=Init(""))) == MakeDraft()


def test_resources_that_the_user_created_come_before_the_source() -> None:
    """They are the draft's first edit."""
    given = body(sealed=None, noted=None)

    assert plan(seen(None, D, source=Init(""), content=given)) == ReadBody()
    assert plan(seen(None, D, source=Init(""), content=given, read=True)) == RenderEdit()


def test_with_neither_source_nor_resources_a_revision_waits_for_content() -> None:
    halt = halted(seen(None, D))

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_CONTENT, False)


def test_a_draft_found_in_git_is_taken_over() -> None:
    found = stored(D)

    assert plan(seen(None, D, holds=found)) == AdoptDraft(found)


def test_a_proposal_found_in_git_is_wished_proposed_before_it_is_taken_over() -> None:
    """It must end sealed here as well, not be rejected by a default."""
    found = stored(P)

    assert wished(seen(None, D, holds=found)) is P
    assert plan(seen(None, P, holds=found)) == AdoptDraft(found)


def test_a_published_revision_found_in_git_is_recorded() -> None:
    found = stored(PUB)

    assert plan(seen(None, PUB, holds=found)) == Record(found)


# -- edits


@pytest.mark.parametrize("wish", [D, P, PUB])
def test_an_edit_is_rendered_before_any_wish_is_looked_at(wish: Lifecycle) -> None:
    """What is proposed is what was rendered."""
    edited = body(generation=GENERATION_AFTER, noted=None)

    assert plan(established(D, wish, content=edited)) == RenderEdit()


def test_an_edit_is_rendered_while_git_is_down() -> None:
    """Only publication and deletion of what is published wait for git."""
    edited = body(generation=GENERATION_AFTER)

    assert plan(established(D, PUB, content=edited, home=Home.UNLISTED)) == RenderEdit()


def test_a_rendered_draft_is_left_alone() -> None:
    assert plan(unread(established(D, D))) is None


def test_resources_created_again_are_read_even_when_their_generation_repeats() -> None:
    """Generations begin again with a new object, which has no note of ours."""
    again = body(BEFORE, sealed=None, noted=None)

    assert plan(established(D, D, content=again, read=False)) == ReadBody()


def test_a_write_of_ours_that_the_status_does_not_know_is_looked_at() -> None:
    """A crash came between the two; the note says that we wrote, not what."""
    unknown = body(generation=GENERATION_AFTER, noted=GENERATION_AFTER)

    assert plan(established(D, D, content=unknown)) == RenderEdit()


# -- proposals


def test_rendered_content_is_sealed_when_a_proposal_is_wished() -> None:
    assert plan(unread(established(D, P))) == ReadBody()
    assert plan(established(D, P)) == Seal()


@pytest.mark.parametrize("wish", [P, PUB])
def test_content_that_does_not_render_is_never_sealed(wish: Lifecycle) -> None:
    halt = halted(established(D, wish, known=record(succeeded=False)))

    assert (halt.reason, halt.stalled) == (Reason.RENDER_FAILED, True)
    assert "function 'x' failed" in halt.message


def test_a_sealed_proposal_is_left_alone() -> None:
    assert plan(unread(established(P, P))) is None


def test_a_rejected_proposal_opens_again() -> None:
    assert plan(unread(established(P, D))) == ReadBody()
    assert plan(established(P, D)) == Reopen()


def test_nothing_opens_again_before_git_was_asked() -> None:
    """What was sealed may have been published, and we died before we heard of it."""
    assert not halted(established(P, D, home=Home.UNLISTED)).stalled


def test_git_is_told_when_a_draft_is_a_proposal_there_by_our_own_late_push() -> None:
    """The push left before the rejection and landed after it."""
    late = {"holds": stored(P), "base": pushed(P)}

    assert plan(established(D, D, **late)) == Reopen()


def test_resources_replaced_behind_a_proposal_are_an_edit_that_is_proposed_anew() -> None:
    replaced = body(BEFORE, sealed=None, noted=None)

    assert plan(established(P, P, content=replaced)) == Reopen()


@pytest.mark.parametrize("wish", [PUB, DEL])
def test_resources_replaced_behind_an_approved_proposal_are_never_published(
    wish: Lifecycle,
) -> None:
    """Nobody approved them."""
    replaced = body(BEFORE, sealed=None, noted=None)
    halt = halted(established(P, wish, content=replaced))

    assert (halt.reason, halt.stalled) == (Reason.CONTENT_CHANGED, True)


def test_resources_replaced_by_the_same_content_are_sealed_again() -> None:
    same = body(sealed=None, noted=None)

    assert plan(established(P, P, content=same)) == Seal()


# -- publication


def test_an_approved_proposal_is_published() -> None:
    assert plan(unread(established(P, PUB))) == ReadBody()
    assert plan(established(P, PUB)) == Publish()


def test_a_publication_waits_for_the_listing() -> None:
    halt = halted(established(P, PUB, home=Home.UNLISTED))

    assert (halt.reason, halt.stalled) == (Reason.WAITING_FOR_REPOSITORY, False)


def test_our_publication_before_a_crash_is_recorded() -> None:
    found = stored(PUB)

    assert plan(established(P, PUB, holds=found)) == Record(found)


def test_a_wish_for_a_draft_follows_git_when_it_was_published_already() -> None:
    assert wished(established(P, D, holds=stored(PUB))) is PUB


def test_what_others_published_is_shown_when_git_had_our_content() -> None:
    """They had it before their eyes."""
    found = stored(PUB, THEIRS)

    assert plan(established(D, PUB, holds=found, base=pushed(D))) == Record(found)


@pytest.mark.parametrize("wish", [D, P, PUB, DEL])
def test_unpushed_edits_are_kept_when_others_published_the_revision(wish: Lifecycle) -> None:
    """Git cannot take them any more, but they are the only copy."""
    late = {"holds": stored(PUB, THEIRS), "base": pushed(D, BEFORE)}
    halt = halted(established(D, wish, **late))

    assert (halt.reason, halt.stalled) == (Reason.DRAFT_MOVED, True)
    assert THEIRS.digest in halt.message
    assert OURS.digest in halt.message


def test_an_unrendered_edit_is_rendered_before_it_is_compared_with_what_was_published() -> None:
    """The manifest of a published revision, applied to a new cluster, renders to the same."""
    given = body(BEFORE, sealed=None, noted=None)

    assert plan(seen(None, PUB, holds=stored(PUB), content=given, read=True)) == RenderEdit()


def test_removing_the_resources_takes_what_others_published() -> None:
    found = stored(PUB, THEIRS)

    assert plan(seen(D, PUB, known=record(), holds=found)) == Record(found)


# -- published revisions


def test_a_recorded_published_revision_is_left_alone() -> None:
    assert plan(unread(established(PUB, PUB, holds=stored(PUB)))) is None


def test_a_published_revision_without_resources_is_shown() -> None:
    found = stored(PUB)

    assert plan(seen(PUB, PUB, holds=found)) == Show(found)


def test_resources_of_a_published_revision_that_we_did_not_write_are_shown_again() -> None:
    """Its content is in git; what is shown is a projection."""
    found = stored(PUB)
    foreign = body(BEFORE, sealed=None, noted=None)

    assert plan(seen(PUB, PUB, holds=found, content=foreign)) == Show(found)


def test_a_moved_placeholder_is_recorded_again() -> None:
    """The branch went on."""
    moved = stored(PUB, THEIRS, version="c2")

    assert plan(established(PUB, PUB, holds=moved)) == Record(moved)


def test_an_object_goes_when_the_listing_lacks_its_tag() -> None:
    assert plan(established(PUB, PUB)) == Forget()
    assert plan(established(DEL, DEL)) == Forget()


def test_a_new_draft_under_the_name_of_a_removed_tag_is_another_revision() -> None:
    assert plan(established(PUB, PUB, holds=stored(D))) == Forget()


def test_no_object_goes_without_a_listing() -> None:
    """Absence is proved, never inferred."""
    assert plan(established(PUB, PUB, home=Home.UNLISTED)) is None


def test_a_deletion_proposal_is_marked_in_git() -> None:
    assert plan(established(PUB, DEL, holds=stored(PUB))) == ProposeDeletion()


def test_a_discovered_revision_gets_its_finalizer_before_its_deletion_is_proposed() -> None:
    """Otherwise its deletion would leave the tag behind."""
    found = established(PUB, DEL, holds=stored(PUB), finalizer=False)

    assert plan(found) == AddFinalizer()


def test_a_rejected_deletion_is_unmarked_in_git() -> None:
    assert plan(established(DEL, PUB, holds=stored(DEL))) == UndoDeletion()


def test_the_wish_follows_a_deletion_that_others_proposed_or_rejected() -> None:
    """The user asked for nothing, so git is not fought over."""
    assert wished(established(PUB, PUB, holds=stored(DEL))) is DEL
    assert wished(established(DEL, DEL, holds=stored(PUB))) is PUB


def test_our_mark_before_a_crash_is_recorded() -> None:
    assert plan(established(PUB, DEL, holds=stored(DEL))) == Record(stored(DEL))


@pytest.mark.parametrize("wish", [D, P])
def test_a_published_revision_cannot_be_wished_back(wish: Lifecycle) -> None:
    assert wished(established(PUB, wish, holds=stored(PUB))) is PUB


def test_a_deletion_proposal_waits_for_git() -> None:
    assert not halted(established(PUB, DEL, home=Home.UNLISTED)).stalled


@pytest.mark.parametrize("fact", [D, P])
def test_a_deletion_is_not_proposed_of_what_is_not_published(fact: Lifecycle) -> None:
    """Publishing it first, for ever, is the last thing that was meant."""
    assert halted(established(fact, DEL)).reason == Reason.INVALID


# -- others move the draft in git


def test_content_that_others_gave_the_draft_is_taken_over_when_all_of_ours_is_pushed() -> None:
    theirs = stored(D, THEIRS)
    moved = established(D, D, holds=theirs, base=pushed(D))

    assert plan(unread(moved)) == ReadBody()
    assert plan(moved) == AdoptDraft(theirs)


def test_both_contents_are_kept_when_ours_is_not_pushed() -> None:
    late = {"holds": stored(D, THEIRS), "base": pushed(D, BEFORE)}
    halt = halted(established(D, D, **late))

    assert (halt.reason, halt.stalled) == (Reason.DRAFT_MOVED, True)
    assert THEIRS.digest in halt.message
    assert OURS.digest in halt.message


def test_a_divergence_heals_when_the_foreign_branch_goes() -> None:
    assert plan(established(D, P, base=pushed(D, BEFORE))) == Seal()


def test_a_divergence_ends_when_the_resources_are_removed() -> None:
    """That is how a user takes theirs."""
    theirs = stored(D, THEIRS)
    gone = seen(D, D, known=record(), holds=theirs, base=pushed(D, BEFORE))

    assert plan(gone) == AdoptDraft(theirs)


def test_an_approval_is_withdrawn_when_others_change_the_content() -> None:
    """Nobody approved what is there now."""
    assert wished(established(P, PUB, holds=stored(P, THEIRS), base=pushed(P))) is D


def test_the_wish_follows_a_proposal_that_others_made() -> None:
    assert wished(established(D, D, holds=stored(P), base=pushed(D))) is P


@pytest.mark.parametrize("wish", [P, PUB])
def test_the_wish_follows_a_rejection_that_others_made(wish: Lifecycle) -> None:
    """Also when it was approved meanwhile: the safe one of the two."""
    assert wished(established(P, wish, holds=stored(D), base=pushed(P))) is D


def test_a_proposal_of_others_does_not_hold_up_an_approval() -> None:
    assert plan(established(D, PUB, holds=stored(P), base=pushed(D))) == Seal()


def test_our_own_push_that_we_did_not_hear_of_is_nobody_elses() -> None:
    """We died between the push and its note, and an edit was rendered meanwhile."""
    late = {"holds": stored(D, BEFORE), "unconfirmed": (pushed(D, BEFORE),)}

    assert plan(established(D, D, **late)) is None


# -- the resources are gone


def test_removed_resources_are_restored_from_git_when_it_has_the_same() -> None:
    found = stored(D)

    assert plan(seen(D, D, known=record(), holds=found, base=pushed(D))) == AdoptDraft(found)


@pytest.mark.parametrize("holds", [None, stored(D, BEFORE)])
def test_removed_resources_are_missed_when_git_lacks_their_last_content(
    holds: object | None,
) -> None:
    """An older content is not taken for it."""
    base = pushed(D, BEFORE)
    gone = replace(seen(D, D, known=record(), base=base), stored=holds)  # type: ignore[arg-type]
    halt = halted(gone)

    assert (halt.reason, halt.stalled) == (Reason.CONTENT_MISSING, False)


# -- deletion


def test_an_object_without_our_finalizer_simply_goes() -> None:
    assert plan(seen(None, D, deleting=True, finalizer=False)) is None


def test_a_deleted_draft_goes_from_git_first() -> None:
    """A crash leaves the object, so the next pass goes on."""
    assert plan(established(D, D, deleting=True, holds=stored(D))) == DeleteStored()
    assert plan(established(D, D, deleting=True)) == Release()


def test_a_deleted_draft_leaves_what_others_gave_its_branch() -> None:
    """It appears again as what it is."""
    foreign = established(D, D, deleting=True, holds=stored(D, THEIRS), base=pushed(D))

    assert plan(foreign) == Release()


def test_a_deletion_waits_for_the_listing() -> None:
    assert not halted(established(D, D, deleting=True, home=Home.UNLISTED)).stalled


def test_a_revision_proposed_for_deletion_goes_from_git() -> None:
    assert plan(established(DEL, DEL, deleting=True, holds=stored(DEL))) == DeleteStored()


def test_a_published_revision_deleted_around_the_rules_stays_in_git() -> None:
    """It is projected again."""
    assert plan(established(PUB, PUB, deleting=True, holds=stored(PUB))) == Release()


@pytest.mark.parametrize("home", [Home.MISSING, Home.LEAVING])
@pytest.mark.parametrize("fact", [D, P, PUB, DEL])
def test_git_is_left_as_it_is_when_the_home_goes(home: Home, fact: Lifecycle) -> None:
    leaving = {"deleting": True, "home": home, "holds": stored(fact), "base": pushed(fact)}

    assert plan(established(fact, fact, **leaving)) == Release()


@pytest.mark.parametrize(
    "unsaved",
    [
        {"base": None},
        {"base": pushed(D, BEFORE)},
        {"base": pushed(D), "content": body(generation=GENERATION_AFTER, noted=None)},
        {"base": pushed(D), "content": None, "read": False},
    ],
    ids=["never pushed", "pushed before the last edit", "not rendered yet", "not heard of yet"],
)
def test_unpushed_content_is_flushed_when_the_home_goes(unsaved: dict[str, object]) -> None:
    """Also what was not rendered yet, and what the watch has not told us of."""
    leaving = {"deleting": True, "home": Home.LEAVING} | unsaved

    assert plan(established(D, D, **leaving)) == FlushDraft()


def test_a_finalizer_that_somebody_took_off_an_open_revision_is_put_back() -> None:
    assert plan(established(D, D, finalizer=False)) == AddFinalizer()
