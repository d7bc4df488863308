"""How the repository's copy of a draft stands to ours, when others may move it too. Pure.

Three states are compared, as in a merge: ours (the content store), theirs (what the repository
holds) and the base (the last state that both were known to share, `Fact.pushed`). A push of ours
that landed while the next edit was being rendered, and that we did not hear of before a crash, is
known by `Fact.unconfirmed`.
"""

from dataclasses import replace
from enum import StrEnum

from porch.api.lifecycle import Lifecycle
from porch.engine.seen import MAX_UNCONFIRMED, Fact, Home, Pushed, Seen
from porch.kpt.content import Digest
from porch.storage.adapter import StoredRevision, Version

State = tuple[Digest, Lifecycle]


class Standing(StrEnum):
    """Their content, seen from ours."""

    ABSENT = "absent"  # the repository has no draft of this revision
    SAME = "same"
    OLDER = "older"  # ours, from before; a push brings it up
    NEWER = "newer"  # somebody else moved it, and nothing of ours is unpushed
    DIVERGED = "diverged"  # somebody else moved it, and ours has moved as well


def open_copy(seen: Seen) -> StoredRevision | None:
    """The draft or proposal that the repository holds."""
    stored = seen.stored
    return stored if stored is not None and not stored.lifecycle.is_published else None


def standing(seen: Seen) -> Standing:
    """How their content stands to ours."""
    theirs, ours, base = open_copy(seen), seen.fact.digest, seen.fact.pushed
    if theirs is None:
        return Standing.ABSENT
    if theirs.digest == ours:
        return Standing.SAME
    if theirs.digest in {each.digest for each in seen.fact.unconfirmed}:
        return Standing.OLDER
    if base is not None and theirs.digest == base.digest:
        return Standing.OLDER
    if ours is None or (base is not None and ours == base.digest):
        return Standing.NEWER
    return Standing.DIVERGED


def moved_to(seen: Seen) -> Lifecycle | None:
    """The lifecycle that somebody else gave the revision, None when nobody did."""
    theirs, base = open_copy(seen), seen.fact.pushed
    if theirs is None or base is None:
        return None
    if theirs.lifecycle in (base.lifecycle, seen.fact.lifecycle):
        return None
    if (theirs.digest, theirs.lifecycle) in _states(seen.fact.unconfirmed):
        return None
    return theirs.lifecycle


def is_ours(seen: Seen) -> bool:
    """The repository's draft holds nothing that we did not put there or take over."""
    return standing(seen) in (Standing.SAME, Standing.OLDER)


def lease(seen: Seen) -> Version | None:
    """The version that a change of ours may replace; None: there must be none."""
    theirs = open_copy(seen)
    return theirs.version if theirs is not None and is_ours(seen) else None


def pushed_of(stored: StoredRevision) -> Pushed:
    """The state that a stored draft is in."""
    return Pushed(stored.digest, stored.lifecycle, stored.lock.ref, stored.lock.commit)


def changed(fact: Fact, digest: Digest, lifecycle: Lifecycle) -> Fact:
    """The fact with another content or lifecycle; the state before may still be on its way."""
    moved = replace(fact, digest=digest, lifecycle=lifecycle)
    if fact.digest is None or fact.lifecycle is None or _state(moved) == _state(fact):
        return moved
    if fact.pushed is not None and _state(fact) == (fact.pushed.digest, fact.pushed.lifecycle):
        return moved
    return on_its_way(moved, fact.digest, fact.lifecycle)


def on_its_way(fact: Fact, digest: Digest, lifecycle: Lifecycle) -> Fact:
    """The fact with a state that git may come to hold without our hearing of it."""
    unconfirmed = (*fact.unconfirmed, Pushed(digest, lifecycle))
    return replace(fact, unconfirmed=unconfirmed[-MAX_UNCONFIRMED:])


def confirmed(seen: Seen) -> Seen:
    """Take note of a push of ours that landed, and of a divergence that came or went."""
    fact, theirs = seen.fact, open_copy(seen)
    if seen.home is not Home.LISTED or fact.lifecycle is None or fact.lifecycle.is_published:
        return seen
    if theirs is not None and pushed_of(theirs) != fact.pushed:
        fact = _confirmed(fact, pushed_of(theirs))
    diverged = standing(replace(seen, fact=fact)) is Standing.DIVERGED
    fact = replace(fact, diverged=theirs.digest if theirs is not None and diverged else None)
    return replace(seen, fact=fact)


def _confirmed(fact: Fact, theirs: Pushed) -> Fact:
    """NB: pushes of one draft land in order, so what was due before the one that landed is over."""
    state = (theirs.digest, theirs.lifecycle)
    if state == _state(fact):
        return replace(fact, pushed=theirs, unconfirmed=())
    states = _states(fact.unconfirmed)
    if state in states:
        later = fact.unconfirmed[states.index(state) + 1 :]
        return replace(fact, pushed=theirs, unconfirmed=later)
    if fact.pushed is not None and state == (fact.pushed.digest, fact.pushed.lifecycle):
        return replace(fact, pushed=theirs)
    return fact


def _state(fact: Fact) -> tuple[Digest | None, Lifecycle | None]:
    return fact.digest, fact.lifecycle


def _states(pushes: tuple[Pushed, ...]) -> list[State]:
    return [(each.digest, each.lifecycle) for each in pushes]
