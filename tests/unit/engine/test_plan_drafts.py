"""What happens next with drafts and proposals: one test a rule of the life cycle."""

from dataclasses import replace

import pytest

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine.actions import (
    AddFinalizer,
    AdoptDraft,
    MakeDraft,
    Publish,
    ReadBody,
    Record,
    RenderEdit,
    Reopen,
    Seal,
    WriteMetadata,
)
from porch.engine.plan import plan
from porch.engine.seen import Halt, Home
from porch.engine.sources import Init
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


@pytest.mark.parametrize("wish", [PUB, DEL])
def test_an_edit_of_a_draft_that_we_opened_again_is_an_edit_whatever_the_status_says(
    wish: Lifecycle,
) -> None:
    """A crash kept from the status that the proposal was taken back; only we ever open a seal."""
    edited = body(BEFORE, sealed=D, noted=None)

    assert plan(established(P, wish, content=edited)) == Reopen()


def test_resources_replaced_by_the_same_content_are_sealed_again() -> None:
    same = body(sealed=None, noted=None)

    assert plan(established(P, P, content=same)) == Seal()


def test_an_approved_proposal_is_published() -> None:
    assert plan(unread(established(P, PUB))) == ReadBody()
    assert plan(established(P, PUB)) == Publish()


def test_sealed_content_that_did_not_render_opens_again_whatever_is_wished() -> None:
    """Somebody published it, a crash kept our seal out of the status, and they took it back."""
    failed = established(P, PUB, known=record(succeeded=False))

    assert plan(failed) == Reopen()


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


def test_what_spec_says_of_the_package_is_written_before_it_is_proposed() -> None:
    """What is sealed is what was wished; a package that does not render is left as it is."""
    edited = established(D, P, facts="others")

    assert plan(edited) == WriteMetadata()
    assert plan(unread(edited)) == ReadBody()
    assert halted(established(D, P, known=record(succeeded=False), facts="others"))
