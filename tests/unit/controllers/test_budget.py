"""Which published revisions have room in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from porch.api.lifecycle import Lifecycle
from porch.controllers.budget import beyond_budget
from porch.kpt.content import Digest
from porch.storage.adapter import Lock, RevisionId, StoredRevision, Version

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LOCK = Lock("https://example.org/r.git", "p", "p/v1", "c")


def revision(
    package: str, number: int, *, day: int | None, lifecycle: Lifecycle = Lifecycle.PUBLISHED
) -> StoredRevision:
    """A revision of 10 bytes."""
    return StoredRevision(
        RevisionId(package, f"w{number}"),
        lifecycle,
        number,
        Digest("tree:" + "0" * 40),
        Version("v"),
        LOCK,
        size_bytes=10,
        published_at=BEGAN + timedelta(days=day) if day is not None else None,
    )


def test_the_newest_come_first_and_placeholders_last() -> None:
    """A tag has what the branch shows."""
    old, new = revision("a", 1, day=1), revision("b", 1, day=2)
    placeholder = revision("c", -1, day=3)
    undated = revision("d", 1, day=None)
    found = [placeholder, undated, old, new]

    assert beyond_budget(found, budget_bytes=40) == frozenset()
    assert beyond_budget(found, budget_bytes=39) == {placeholder.id}
    assert beyond_budget(found, budget_bytes=29) == {placeholder.id, undated.id}
    assert beyond_budget(found, budget_bytes=19) == {placeholder.id, undated.id, old.id}


def test_drafts_take_no_room() -> None:
    """They are edited in their objects, whatever is published."""
    open_ = revision("a", 0, day=None, lifecycle=Lifecycle.DRAFT)

    assert beyond_budget([open_], budget_bytes=0) == frozenset()
