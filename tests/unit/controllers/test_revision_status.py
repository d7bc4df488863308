"""What the engine knows goes into `status` and comes out of it again, and people can read it."""

from dataclasses import replace
from datetime import UTC, datetime

from porch.api.conditions import ConditionType, find
from porch.api.meta import Condition, ConditionStatus
from porch.api.packagerevision import CreationSource, PackageCondition, PackageRevisionStatus
from porch.controllers.packagerevision.facts import fact_of
from porch.controllers.packagerevision.status import KptfileView, status_of
from porch.controllers.packagerevision.verdicts import conditions_of
from porch.engine.packagefacts import PackageFacts
from porch.engine.seen import Merge, MergeConflict, Seen
from porch.engine.sources import CloneRevision, Source, Upgrade
from porch.storage.adapter import Task
from tests.unit.engine.building import PUB, D, established, seen, stored

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MERGE = Merge(20, (MergeConflict("a.yaml", "ConfigMap settings", "data.k", "updated"),) * 2)


def status(of: Seen, **before: object) -> PackageRevisionStatus:
    """The status of what is seen."""
    known = PackageRevisionStatus(**before)  # type: ignore[arg-type]
    return status_of(of, known, generation=1, kptfile=KptfileView())


def conditions(of: Seen, *package: PackageCondition) -> list[Condition]:
    """Its conditions, with those of its Kptfile."""
    return conditions_of(of, [], package=package, problem="", generation=1, now=NOW)


def gated(*gates: str) -> Seen:
    """A draft with readiness gates."""
    draft = established(D, D)
    return replace(draft, wish=replace(draft.wish, facts=PackageFacts(gates=gates)))


def test_a_merge_with_conflicts_survives_the_status() -> None:
    draft = established(D, D)
    draft = replace(draft, fact=replace(draft.fact, merge=MERGE))

    assert fact_of(status(draft)).merge == MERGE
    told = find(conditions(draft), ConditionType.MERGE_CONFLICTS)
    assert told is not None
    assert "20 things" in told.message
    assert "18 more" in told.message


def test_what_spec_and_kptfile_said_last_survives_the_status() -> None:
    draft = established(D, D)

    assert fact_of(status(draft)).facts == draft.fact.facts


def test_the_creation_is_told_by_the_source_or_by_the_first_commit() -> None:
    """A revision that was found in git has no source."""

    def made(source: Source | None, task: Task | None = None) -> CreationSource | None:
        held = replace(stored(PUB), task=task)
        return status(seen(PUB, PUB, holds=held, source=source)).creation_source

    assert made(CloneRevision("a.b.v1")) is CreationSource.CLONE
    assert made(Upgrade("a.b.v1", "a.b.v2", "c.d.v1")) is CreationSource.UPGRADE
    assert made(None, Task("edit", {"sourceRef": {"name": "a.b.v1"}})) is CreationSource.COPY
    assert made(None, Task("edit")) is None
    assert made(None) is None


def test_a_draft_says_where_git_has_it() -> None:
    held = stored(D, version="c0ffee")
    lock = status(established(D, D, holds=held)).self_lock

    assert lock is not None
    assert lock.git is not None
    assert (lock.git.ref, lock.git.commit) == ("draft/app/v1", "c0ffee")
    assert status(established(D, D)).self_lock is None


def test_gates_are_shown_by_the_conditions_of_the_kptfile() -> None:
    checked = PackageCondition(type="Checked", status=ConditionStatus.TRUE)
    unready = find(conditions(gated("Checked", "Restored"), checked), ConditionType.GATES_MET)
    ready = find(conditions(gated("Checked"), checked), ConditionType.GATES_MET)

    assert unready is not None
    assert (unready.status, "Restored" in unready.message) == (ConditionStatus.FALSE, True)
    assert ready is not None
    assert ready.status is ConditionStatus.TRUE
    assert find(conditions(gated()), ConditionType.GATES_MET) is None
