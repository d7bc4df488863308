"""What the API server and git must show when a simulation has come to rest."""

from typing import TYPE_CHECKING

from porch.api.conditions import Reason
from porch.api.lifecycle import Lifecycle
from porch.engine.packagefacts import facts_of
from porch.engine.seen import Key
from porch.kpt.content import Content
from tests.unit.engine.fake_resources import Resources
from tests.unit.engine.fakes import Revision

if TYPE_CHECKING:
    from tests.unit.engine.simulation import Simulation


class Lost(AssertionError):
    """The world ended in a state that it must not reach."""


def must(holds: bool, words: str) -> None:
    """Say what was lost unless it holds."""
    if not holds:
        raise Lost(words)


def tokens(content: Content | None, kind: str = "edit-") -> set[str]:
    """The marked files of somebody's edits."""
    return {path for path in content or () if path.startswith(kind)}


def check(end: "Simulation") -> None:
    """What the API server and git show in the end."""
    numbers = end.repository.published
    must(len(numbers) == len(set(numbers)), "a number was used twice")
    for key, id_ in end.keys.items():
        body = end.resources.objects.get(key)
        obj = end.revisions.objects.get(key)
        if obj is not None:
            _check_object(end, key, obj, body)
        elif body is not None:
            missing = end.acknowledged[key] - tokens(body.content)
            must(not missing, f"{key} lost {missing}")
        held = end.repository.content(id_)
        if held is not None:
            there = tokens(held, "other-") | tokens(body.content if body else None, "other-")
            must(end.others[key] <= there, f"{key} lost outsiders' {end.others[key]}")


def _check_object(end: "Simulation", key: Key, obj: Revision, body: Resources | None) -> None:
    seen = end.reconcile(key)
    if seen is None:
        raise Lost(f"{key} cannot be looked at")
    if seen.error is not None:
        raise Lost(f"{key}: {seen.error}")
    shown = tokens(body.content) if body is not None else set()
    missing = end.acknowledged[key] - shown
    must(not missing, f"{key} lost {missing}")
    if seen.halt is not None:
        false_alarm = seen.halt.reason == Reason.DRAFT_MOVED and key not in end.touched
        must(not false_alarm, f"{key} diverged from nobody")
        return
    must(seen.fact.lifecycle is obj.lifecycle, f"{key} is {seen.fact.lifecycle}")
    if body is None or seen.fact.lifecycle is None:
        raise Lost(f"{key} has no content")
    must(body.content.digest == seen.fact.digest, f"{key} shows other content")
    facts = facts_of(body.content)
    is_open = seen.fact.lifecycle is Lifecycle.PROPOSED or not (
        seen.fact.record is None or seen.fact.record.succeeded
    )
    must(facts in (None, end.revisions.objects[key].facts) or is_open, f"spec of {key} lies")
    sealed = body.lifecycle is not None and body.lifecycle.is_sealed
    must(sealed is seen.fact.lifecycle.is_sealed, f"{key} shows {body.lifecycle}")
    stored = end.repository.stored(end.keys[key])
    if stored is None:
        raise Lost(f"git has nothing of {key}")
    theirs = (stored.digest, stored.lifecycle)
    must(theirs == (seen.fact.digest, seen.fact.lifecycle), f"git holds {theirs} of {key}")
