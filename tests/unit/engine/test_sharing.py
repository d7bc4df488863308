"""Whose move it was when git holds something else, and what a push may do about it."""

import pytest

from porch.api.lifecycle import Lifecycle
from porch.engine.pushes import is_push_due, put_draft
from porch.engine.seen import MAX_UNCONFIRMED, Fact, Home, Seen
from porch.engine.sharing import Standing, changed, confirmed, moved_to, pushed_of, standing
from porch.engine.sources import RENDER, Init
from porch.kpt.content import Content
from porch.storage.adapter import Identity, StoredRevision
from tests.unit.engine.building import (
    BEFORE,
    OURS,
    PUB,
    THEIRS,
    D,
    P,
    established,
    pushed,
    seen,
    stored,
)

AUTHOR = Identity("a", "a@example.org")


@pytest.mark.parametrize(
    ("holds", "base", "unconfirmed", "expected"),
    [
        (None, pushed(D), (), Standing.ABSENT),
        (stored(PUB, THEIRS), pushed(D), (), Standing.ABSENT),
        (stored(D), None, (), Standing.SAME),
        (stored(P), pushed(D, BEFORE), (), Standing.SAME),
        (stored(D, BEFORE), pushed(D, BEFORE), (), Standing.OLDER),
        (stored(D, BEFORE), None, (pushed(D, BEFORE),), Standing.OLDER),
        (stored(D, BEFORE), pushed(D), (pushed(D, BEFORE),), Standing.OLDER),
        (stored(D, THEIRS), pushed(D), (), Standing.NEWER),
        (stored(D, THEIRS), None, (), Standing.DIVERGED),
        (stored(D, THEIRS), pushed(D, BEFORE), (), Standing.DIVERGED),
    ],
)
def test_their_content_is_compared_with_ours_and_with_what_was_shared(
    holds: StoredRevision | None,
    base: object,
    unconfirmed: tuple[object, ...],
    expected: Standing,
) -> None:
    """As in a merge; what we may have pushed unheard of is never theirs."""
    found = established(D, D, holds=holds, base=base, unconfirmed=unconfirmed)

    assert standing(found) is expected


def test_what_git_has_of_a_revision_that_we_know_nothing_of_is_newer() -> None:
    assert standing(seen(None, D, holds=stored(D, THEIRS))) is Standing.NEWER


@pytest.mark.parametrize(
    ("fact", "holds", "base", "expected"),
    [
        (D, stored(P), pushed(D), P),
        (P, stored(D), pushed(P), D),
        (P, stored(D), pushed(D), None),
        (D, stored(P), pushed(P), None),
        (P, stored(P), pushed(D), None),
        (P, stored(D), None, None),
        (P, None, pushed(P), None),
    ],
)
def test_a_lifecycle_is_somebody_elses_when_neither_we_nor_the_base_have_it(
    fact: Lifecycle, holds: StoredRevision | None, base: object, expected: Lifecycle | None
) -> None:
    assert moved_to(established(fact, fact, holds=holds, base=base)) is expected


def test_a_proposal_of_ours_that_landed_late_was_moved_by_nobody() -> None:
    late = established(D, D, holds=stored(P), base=pushed(D), unconfirmed=(pushed(P),))

    assert moved_to(late) is None


def test_a_push_that_landed_becomes_the_base() -> None:
    landed = confirmed(established(D, D, holds=stored(D), unconfirmed=(pushed(D, BEFORE),)))

    assert landed.fact.pushed == pushed_of(stored(D))
    assert landed.fact.unconfirmed == ()


def test_an_older_push_that_landed_leaves_the_later_ones_open() -> None:
    """Pushes of one draft land in order."""
    states = (pushed(D, THEIRS), pushed(D, BEFORE), pushed(P, BEFORE))
    landed = confirmed(established(D, D, holds=stored(D, BEFORE), unconfirmed=states))

    assert landed.fact.pushed == pushed_of(stored(D, BEFORE))
    assert landed.fact.unconfirmed == states[2:]


def test_an_edit_that_returns_to_the_base_does_not_forget_the_push_on_the_wire() -> None:
    """When it lands it is our own, and must not be taken for the newer content."""
    base = pushed_of(stored(D))
    back = established(D, D, holds=stored(D), base=base, unconfirmed=(pushed(D, BEFORE),))
    late = confirmed(back)

    assert late.fact.unconfirmed == (pushed(D, BEFORE),)


def test_a_divergence_is_noted_while_it_lasts() -> None:
    diverged = confirmed(established(D, D, holds=stored(D, THEIRS), base=pushed(D, BEFORE)))
    healed = confirmed(established(D, D, holds=stored(D, BEFORE), base=pushed(D, BEFORE)))

    assert diverged.fact.diverged == THEIRS.digest
    assert healed.fact.diverged is None


def test_states_that_may_be_on_the_wire_are_remembered_and_bounded() -> None:
    fact = Fact(D, BEFORE.digest, pushed=pushed(D, BEFORE))
    fact = changed(fact, OURS.digest, D)
    assert fact.unconfirmed == ()  # what is left was pushed

    for number in range(MAX_UNCONFIRMED + 2):
        fact = changed(fact, Content.from_texts({"n": str(number)}).digest, D)

    assert len(fact.unconfirmed) == MAX_UNCONFIRMED
    assert fact.unconfirmed[-1].digest == Content.from_texts({"n": str(number - 1)}).digest


@pytest.mark.parametrize(
    ("found", "due"),
    [
        (established(D, D), True),
        (established(P, P, holds=stored(D), base=pushed(D)), True),
        (established(D, D, holds=stored(D, BEFORE), base=pushed(D, BEFORE)), True),
        (established(D, D, base=pushed(D)), True),
        (established(D, D, holds=stored(D), base=pushed(D)), False),
        (established(D, D, holds=stored(D, THEIRS), base=pushed(D)), False),
        (established(D, D, holds=stored(D, THEIRS), base=pushed(D, BEFORE)), False),
        (established(D, D, holds=stored(P), base=pushed(P)), False),
        (established(D, D, holds=stored(P, BEFORE), base=pushed(P, BEFORE)), False),
        (established(D, D, holds=stored(PUB)), False),
        (established(D, D, home=Home.UNLISTED), False),
        (established(D, D, deleting=True), False),
        (established(PUB, PUB), False),
        (seen(None, D), False),
    ],
    ids=[
        "never pushed",
        "proposed",
        "edited",
        "branch removed by others",
        "nothing new",
        "others moved it",
        "diverged",
        "would take a proposal back",
        "would take an edited proposal back",
        "published",
        "not listed",
        "being deleted",
        "final",
        "nothing yet",
    ],
)
def test_a_push_is_due_when_git_lacks_ours_and_nobody_elses_is_there(
    found: Seen, *, due: bool
) -> None:
    assert is_push_due(found) is due


def test_a_first_push_records_the_source_and_expects_nothing() -> None:
    change = put_draft(established(D, D, source=Init("text")), OURS, D, AUTHOR)

    assert (change.task.type, change.expected) == ("init", None)


def test_a_later_push_expects_what_we_left() -> None:
    found = established(D, D, holds=stored(D, BEFORE, version="c7"), base=pushed(D, BEFORE))
    change = put_draft(found, OURS, D, AUTHOR)

    assert (change.task, change.expected) == (RENDER, "c7")


def test_a_push_never_expects_what_others_left() -> None:
    """The repository then answers that it moved, and nothing is overwritten."""
    found = established(D, D, holds=stored(D, THEIRS), base=pushed(D, BEFORE))

    assert put_draft(found, OURS, D, AUTHOR).expected is None
