"""What happens next with what is published, moved by others, missing or deleted."""

from dataclasses import replace

import pytest

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Inline
from porch.engine.actions import (
    AddFinalizer,
    AdoptDraft,
    DeleteStored,
    FlushDraft,
    Forget,
    ProposeDeletion,
    ReadBody,
    Record,
    Release,
    RestoreMetadata,
    Seal,
    Show,
    UndoDeletion,
)
from porch.engine.plan import plan
from porch.engine.seen import Home
from porch.kpt.content import Content
from tests.unit.engine.building import (
    BEFORE,
    DEL,
    GENERATION_AFTER,
    OURS,
    PUB,
    THEIRS,
    D,
    P,
    body,
    established,
    halted,
    pushed,
    record,
    seen,
    stored,
    unread,
    wished,
)


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


@pytest.mark.parametrize(
    ("has", "policy", "is_shown"),
    [
        (Inline.YES, True, True),
        (Inline.YES, False, False),
        (Inline.NO, False, True),
        (Inline.NO, True, False),
        (Inline.TOO_LARGE, True, True),
        (Inline.TOO_LARGE, False, True),
    ],
)
def test_published_files_are_in_the_store_as_the_policy_says(
    has: Inline, policy: bool, is_shown: bool
) -> None:
    """What does not fit, whatever the policy, is not tried again and again."""
    found = stored(PUB)
    usual = unread(established(PUB, PUB, holds=found))
    assert usual.draft is not None
    head = replace(usual.draft, inline=has)

    expected = None if is_shown else Show(found)
    assert plan(replace(usual, draft=head, is_inline=policy)) == expected


def test_while_a_repository_settles_numbers_come_before_files() -> None:
    """Thousands of revisions have theirs in seconds."""
    found = stored(PUB)

    assert plan(replace(seen(None, PUB, holds=found), is_settling=True)) == Record(found)
    assert plan(replace(seen(PUB, PUB, holds=found), is_settling=True)) is None


def test_what_is_left_of_withheld_files_is_no_content() -> None:
    """An object whose facts were lost, by a restored backup for instance, is recorded from git."""
    found = stored(PUB)
    hollow = body(Content({}))
    hollow = replace(hollow, head=replace(hollow.head, inline=Inline.NO))

    assert plan(seen(None, PUB, content=hollow, read=True, holds=found)) == Record(found)


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


def test_spec_of_a_published_package_is_set_back_once_its_files_are_there() -> None:
    """While a large repository is listed for the first time, they come later."""
    held = stored(PUB)
    moved = established(PUB, PUB, holds=held, facts="others")

    assert plan(moved) == RestoreMetadata()
    assert plan(unread(moved)) == ReadBody()
    assert plan(replace(moved, body=None, draft=None, is_settling=True)) is None


def test_spec_of_a_published_package_is_compared_although_nobody_has_looked_yet() -> None:
    """A crash may have shown the files and kept that out of the status."""
    shown = established(PUB, PUB, holds=stored(PUB), facts=None)

    assert plan(shown) == RestoreMetadata()
    assert plan(unread(shown)) == ReadBody()


def test_a_draft_left_by_a_crash_is_not_taken_for_what_a_published_revision_shows() -> None:
    """Its note says that we wrote it, its lifecycle that it is not sealed."""
    found = stored(PUB)

    assert plan(established(PUB, PUB, holds=found, content=body(sealed=D))) == Show(found)
