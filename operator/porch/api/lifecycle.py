"""The life cycle of a package revision, as data.

Pure. One table each for creation and for transitions, used by the plan of the engine, by the
generator of CEL rules and admission policies, by the webhook and by the reference pages.

Wish      `spec.lifecycle`: what somebody asks for. It may be ahead of the fact: pushing, proposing
          and approving in one breath is legal, and the engine walks the steps.
Fact      `status.lifecycle`: what has been established. None: nothing yet. Once the fact is
          published the wish stays among the published states, because git does not go back.
Rights    the table says what a change needs, whoever makes it. The operator holds them all.
Operator  when git moved by other hands, the wish follows the fact. No exemption from the table is
          needed: status is written first, then the wish moves along `follow(wish, fact)`, every
          step of which the table allows.
Source    design of the lifecycle; the states are those of the v1alpha2 API.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Lifecycle(StrEnum):
    """The states of a package revision."""

    DRAFT = "Draft"
    PROPOSED = "Proposed"
    PUBLISHED = "Published"
    DELETION_PROPOSED = "DeletionProposed"

    @property
    def is_published(self) -> bool:
        """The content is final and has a tag, whether or not its deletion is proposed."""
        return self in (Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED)

    @property
    def is_sealed(self) -> bool:
        """The content must not be edited."""
        return self is not Lifecycle.DRAFT


class Right(StrEnum):
    """What the one who asks must be allowed to do."""

    UPDATE = "update"  # on packagerevisions (create, where something is created)
    APPROVAL = "approval"  # update on packagerevisions/approval, besides
    OPERATOR = "operator"  # only the operator, which shows what git holds


class GitNeed(StrEnum):
    """When a change counts as done, as far as git is concerned."""

    BACKGROUND = "git follows in the background"
    IF_PUSHED = "waits for git when the proposal has been pushed"
    WAITS = "waits for git"


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed change of the wish."""

    start: Lifecycle
    end: Lifecycle
    name: str  # as people and command lines call it
    needs: Right
    git: GitNeed
    until_published: bool = False  # refused once the fact is published


@dataclass(frozen=True, slots=True)
class Creation:
    """One wish that an object may be created with."""

    wish: Lifecycle
    needs: Right


@dataclass(frozen=True, slots=True)
class Refused:
    """The wish must not change so; the message is for the one who asked."""

    message: str


_D, _P = Lifecycle.DRAFT, Lifecycle.PROPOSED
_PUB, _DEL = Lifecycle.PUBLISHED, Lifecycle.DELETION_PROPOSED

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_D, _P, "propose", Right.UPDATE, GitNeed.BACKGROUND, until_published=True),
    Transition(_D, _PUB, "propose and approve", Right.APPROVAL, GitNeed.WAITS),
    Transition(_P, _D, "reject", Right.UPDATE, GitNeed.IF_PUSHED, until_published=True),
    Transition(_P, _PUB, "approve", Right.APPROVAL, GitNeed.WAITS),
    Transition(
        _PUB, _D, "withdraw the approval", Right.UPDATE, GitNeed.IF_PUSHED, until_published=True
    ),
    Transition(_PUB, _DEL, "propose deletion", Right.UPDATE, GitNeed.WAITS),
    Transition(_DEL, _PUB, "reject deletion", Right.UPDATE, GitNeed.WAITS),
)

CREATIONS: tuple[Creation, ...] = (
    Creation(_D, Right.UPDATE),
    Creation(_P, Right.UPDATE),
    Creation(_PUB, Right.APPROVAL),
    Creation(_DEL, Right.OPERATOR),
)

DEFAULT = Lifecycle.DRAFT

_BY_ENDS: Mapping[tuple[Lifecycle, Lifecycle], Transition] = MappingProxyType(
    {(each.start, each.end): each for each in TRANSITIONS}
)


def ends(start: Lifecycle) -> tuple[Lifecycle, ...]:
    """The wishes that may follow the wish `start`, as far as the wish alone decides."""
    return tuple(each.end for each in TRANSITIONS if each.start is start)


def change(start: Lifecycle, end: Lifecycle, *, fact: Lifecycle | None) -> Transition | Refused:
    """The transition from one wish to another while `fact` holds, or why there is none."""
    transition = _BY_ENDS.get((start, end))
    if transition is None:
        return Refused(
            f"`spec.lifecycle` must not go from {start} to {end}; "
            f"from {start} it may go to {' or '.join(ends(start))}"
        )
    if transition.until_published and fact is not None and fact.is_published:
        return Refused(
            f"`spec.lifecycle` must stay {_PUB} or {_DEL} once the revision is published, "
            f"found {end}"
        )
    return transition


def follow(wish: Lifecycle, fact: Lifecycle) -> tuple[Lifecycle, ...]:
    """The wishes to write one after the other, while `fact` holds, until wish and fact agree."""
    allowed = {
        start: tuple(
            end for end in ends(start) if isinstance(change(start, end, fact=fact), Transition)
        )
        for start in Lifecycle
    }
    return _shortest(wish, fact, allowed)


def _shortest(
    start: Lifecycle, end: Lifecycle, steps: Mapping[Lifecycle, tuple[Lifecycle, ...]]
) -> tuple[Lifecycle, ...]:
    """The states after `start` on a shortest way to `end`; empty when equal or out of reach."""
    paths: deque[tuple[Lifecycle, ...]] = deque([(start,)])
    seen = {start}
    while paths:
        path = paths.popleft()
        if path[-1] is end:
            return path[1:]
        for state in steps[path[-1]]:
            if state not in seen:
                seen.add(state)
                paths.append((*path, state))
    return ()
