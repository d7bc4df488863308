"""The plan over everything that can be seen: total, and true to its rules everywhere."""

from collections.abc import Iterator
from itertools import product
from typing import get_args

from porch.api.lifecycle import Lifecycle
from porch.engine import actions
from porch.engine.packagefacts import NOTHING_SAID
from porch.engine.plan import plan
from porch.engine.seen import Halt, Home, Pushed, Seen
from porch.engine.sources import Init
from tests.unit.engine.building import (
    BEFORE,
    DEL,
    PUB,
    THEIRS,
    D,
    P,
    body,
    pushed,
    record,
    seen,
    stored,
)

ACTIONS = get_args(actions.Action)
GIT_CHANGES = (
    actions.Publish,
    actions.ProposeDeletion,
    actions.UndoDeletion,
    actions.DeleteStored,
    actions.Forget,
)
FACTS = (None, D, P, PUB, DEL)
RECORDS = (None, record(), record(succeeded=False))
CONTENTS = (
    None,
    body(),
    body(sealed=P),
    body(sealed=PUB),
    body(BEFORE, generation=4, noted=None),
)
HELD = (
    None,
    stored(D),
    stored(P),
    stored(D, THEIRS),
    stored(P, BEFORE),
    stored(PUB),
    stored(PUB, THEIRS),
    stored(DEL),
)
BASES: tuple[Pushed | None, ...] = (None, pushed(D), pushed(P), pushed(D, BEFORE))


def everything() -> Iterator[Seen]:
    """The whole product; what was not listed is not known to hold anything."""
    for fact, wish, home, known, base in product(FACTS, Lifecycle, Home, RECORDS, BASES):
        for content, held in product(CONTENTS, HELD):
            if home is Home.UNLISTED and held is not None:
                continue
            for read, deleting, finalizer in product((False, True), repeat=3):
                usual = base is None and home is Home.LISTED
                for facts in (NOTHING_SAID.digest, "others")[: 1 + usual]:
                    yield seen(
                        fact,
                        wish,
                        home=home,
                        known=known,
                        base=base,
                        content=content,
                        read=read,
                        holds=held,
                        deleting=deleting,
                        finalizer=finalizer,
                        source=Init(""),
                        facts=facts,
                    )


def test_the_plan_is_total_and_true_to_its_rules() -> None:
    """Each rule is checked on each of some 240,000 states, in one walk."""
    reached: set[type[object]] = set()
    for each in everything():
        step = plan(each)
        reached.add(type(step))
        broken = [rule.__name__ for rule in RULES if not rule(each, step)]
        assert not broken, (broken, each, step)

    assert reached == {*ACTIONS, Halt, type(None)}


def is_published(each: Seen) -> bool:
    """The repository holds it as published."""
    return each.stored is not None and each.stored.lifecycle.is_published


def is_known_step(each: Seen, step: actions.Step) -> bool:
    return step is None or isinstance(step, (Halt, *ACTIONS))


def nothing_is_left_to_do_only_when_the_wish_came_true(each: Seen, step: actions.Step) -> bool:
    return step is not None or each.wish.deleting or each.fact.lifecycle is each.wish.lifecycle


def git_is_changed_only_while_its_repository_is_listed(each: Seen, step: actions.Step) -> bool:
    return not isinstance(step, GIT_CHANGES) or each.home is Home.LISTED


def only_rendered_sealed_approved_content_is_published(each: Seen, step: actions.Step) -> bool:
    if step != actions.Publish():
        return True
    sealed, wanted = each.fact.lifecycle is P, each.wish.lifecycle is PUB
    same = each.body is not None and each.body.content.digest == each.fact.digest
    return sealed and wanted and same and not is_published(each)


def only_what_rendered_is_sealed(each: Seen, step: actions.Step) -> bool:
    record_ = each.fact.record
    return step != actions.Seal() or (record_ is not None and each.body is not None)


def only_a_rendered_draft_takes_over_what_spec_says_of_it(each: Seen, step: actions.Step) -> bool:
    if step != actions.WriteMetadata():
        return True
    known = each.fact.record
    return each.fact.lifecycle is D and known is not None and known.succeeded


def spec_is_set_back_only_when_published(each: Seen, step: actions.Step) -> bool:
    return step != actions.RestoreMetadata() or each.fact.lifecycle in (PUB, DEL)


def what_is_published_is_never_a_draft_again(each: Seen, step: actions.Step) -> bool:
    drafting = (actions.MakeDraft, actions.RenderEdit, actions.Seal, actions.Reopen)
    published = each.fact.lifecycle in (PUB, DEL)
    return not (published and isinstance(step, (*drafting, actions.Publish, actions.AdoptDraft)))


def what_is_deleted_only_goes(each: Seen, step: actions.Step) -> bool:
    going = (actions.DeleteStored, actions.FlushDraft, actions.Release, Halt, type(None))
    return not each.wish.deleting or isinstance(step, going)


def only_what_is_deleted_goes(each: Seen, step: actions.Step) -> bool:
    going = (actions.DeleteStored, actions.FlushDraft, actions.Release)
    return each.wish.deleting or not isinstance(step, going)


def git_is_deleted_from_only_under_our_finalizer(each: Seen, step: actions.Step) -> bool:
    return not isinstance(step, actions.DeleteStored) or each.wish.finalizer


def nothing_of_others_is_deleted(each: Seen, step: actions.Step) -> bool:
    if step != actions.DeleteStored() or each.stored is None:
        return True
    known = {each.fact.digest, each.fact.pushed.digest if each.fact.pushed else None}
    return each.stored.lifecycle.is_published or each.stored.digest in known


def an_object_is_forgotten_only_when_git_lacks_it(each: Seen, step: actions.Step) -> bool:
    return step != actions.Forget() or not is_published(each)


def content_that_was_not_read_is_never_replaced(each: Seen, step: actions.Step) -> bool:
    if isinstance(step, actions.RenderEdit | actions.Seal | actions.Reopen | actions.Publish):
        return each.body is not None
    if isinstance(step, actions.AdoptDraft):
        return each.body is not None or each.draft is None
    return True


RULES = (
    is_known_step,
    nothing_is_left_to_do_only_when_the_wish_came_true,
    git_is_changed_only_while_its_repository_is_listed,
    only_rendered_sealed_approved_content_is_published,
    only_what_rendered_is_sealed,
    only_a_rendered_draft_takes_over_what_spec_says_of_it,
    spec_is_set_back_only_when_published,
    what_is_published_is_never_a_draft_again,
    what_is_deleted_only_goes,
    only_what_is_deleted_goes,
    git_is_deleted_from_only_under_our_finalizer,
    nothing_of_others_is_deleted,
    an_object_is_forgotten_only_when_git_lacks_it,
    content_that_was_not_read_is_never_replaced,
)
