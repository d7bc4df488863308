"""The life cycle of a package revision: which wish may follow which, and who may ask for it."""

import itertools

import pytest

from porch.api.lifecycle import (
    CREATIONS,
    TRANSITIONS,
    GitNeed,
    Lifecycle,
    Refused,
    Right,
    Transition,
    change,
    follow,
)

DRAFT, PROPOSED, PUBLISHED, DELETION_PROPOSED = Lifecycle
FACTS: tuple[Lifecycle | None, ...] = (None, *Lifecycle)


def test_the_wishes_that_may_follow_each_other() -> None:
    """The whole matrix while nothing is published, so that no pair is allowed by accident."""
    allowed = {
        (start, end)
        for start, end in itertools.permutations(Lifecycle, 2)
        if isinstance(change(start, end, fact=DRAFT), Transition)
    }

    assert allowed == {
        (DRAFT, PROPOSED),
        (DRAFT, PUBLISHED),
        (PROPOSED, DRAFT),
        (PROPOSED, PUBLISHED),
        (PUBLISHED, DRAFT),
        (PUBLISHED, DELETION_PROPOSED),
        (DELETION_PROPOSED, PUBLISHED),
    }


@pytest.mark.parametrize("fact", [PUBLISHED, DELETION_PROPOSED])
@pytest.mark.parametrize(
    ("start", "end"), [(DRAFT, PROPOSED), (PROPOSED, DRAFT), (PUBLISHED, DRAFT)]
)
def test_a_published_fact_admits_no_unpublished_wish(
    start: Lifecycle, end: Lifecycle, fact: Lifecycle
) -> None:
    """Git has the tag; a wish that cannot come true is refused when it is made."""
    answer = change(start, end, fact=fact)

    assert answer == Refused(
        "`spec.lifecycle` must stay Published or DeletionProposed once the revision is published, "
        f"found {end}"
    )


@pytest.mark.parametrize("fact", [None, DRAFT, PROPOSED])
def test_an_approval_may_be_withdrawn_until_the_tag_exists(fact: Lifecycle | None) -> None:
    """An approval that waits for a failing render must not be a dead end."""
    assert isinstance(change(PUBLISHED, DRAFT, fact=fact), Transition)


def test_a_refusal_says_where_the_wish_may_go() -> None:
    """The author must be able to act on the message alone."""
    assert change(DRAFT, DELETION_PROPOSED, fact=None) == Refused(
        "`spec.lifecycle` must not go from Draft to DeletionProposed; "
        "from Draft it may go to Proposed or Published"
    )


def test_every_way_into_published_needs_the_approval_right_but_the_way_back() -> None:
    """Rejecting a deletion publishes nothing that was not approved before."""
    needs = {each.start: each.needs for each in TRANSITIONS if each.end is PUBLISHED}

    assert needs == {
        DRAFT: Right.APPROVAL,
        PROPOSED: Right.APPROVAL,
        DELETION_PROPOSED: Right.UPDATE,
    }


def test_what_a_revision_may_be_created_as() -> None:
    """A manifest may state the end it wants; only git can know of a proposed deletion."""
    assert {each.wish: each.needs for each in CREATIONS} == {
        DRAFT: Right.UPDATE,
        PROPOSED: Right.UPDATE,
        PUBLISHED: Right.APPROVAL,
        DELETION_PROPOSED: Right.OPERATOR,
    }


def test_only_what_is_or_becomes_published_waits_for_git() -> None:
    """A draft must not depend on a push that nobody asked for."""
    waiting = {(each.start, each.end) for each in TRANSITIONS if each.git is GitNeed.WAITS}

    assert all(PUBLISHED in pair for pair in waiting)


@pytest.mark.parametrize(("wish", "fact"), list(itertools.product(Lifecycle, Lifecycle)))
def test_a_wish_can_always_follow_the_fact(wish: Lifecycle, fact: Lifecycle) -> None:
    """Whatever others did in git, the operator gets there by allowed steps and ends there."""
    steps = follow(wish, fact)

    assert ([wish, *steps])[-1] is fact
    for start, end in itertools.pairwise([wish, *steps]):
        assert isinstance(change(start, end, fact=fact), Transition)


@pytest.mark.parametrize("fact", FACTS)
def test_staying_is_no_transition(fact: Lifecycle | None) -> None:
    """The table lists changes only; whoever asks compares first."""
    assert isinstance(change(DRAFT, DRAFT, fact=fact), Refused)
