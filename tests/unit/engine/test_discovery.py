"""What a new listing means for the objects."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from porch.api.lifecycle import Lifecycle
from porch.engine.discovery import delta
from porch.kpt.content import Digest
from porch.storage.adapter import Lock, RevisionId, Snapshot, StoredRevision, Version

V1, V2 = RevisionId("net/vpc", "v1"), RevisionId("net/vpc", "v2")


def listing(*ids: RevisionId, version: str = "c1") -> Snapshot:
    """A listing of published revisions."""
    lock = Lock("https://example.org/r.git", "p", "some/ref", "c")
    found = {
        id_: StoredRevision(
            id_, Lifecycle.PUBLISHED, 1, Digest("tree:" + "0" * 40), Version(version), lock
        )
        for id_ in ids
    }
    return Snapshot(found, "head", datetime(2026, 1, 1, tzinfo=UTC), atomic=True)


def test_what_has_no_object_gets_one() -> None:
    """Under the composed name; also one that somebody deleted since."""
    found = delta("repo", listing(V1), listing(V1, V2), [])

    assert [each.name for each in found.create] == ["repo.net.vpc.v1", "repo.net.vpc.v2"]


def test_what_changed_or_went_is_looked_at_and_nothing_else() -> None:
    """A poll of thousands of revisions costs next to nothing."""
    before = listing(V1, V2)
    assert delta("repo", before, before, [V1, V2]).look_at == frozenset()
    assert delta("repo", before, listing(V1), [V1, V2]).look_at == {V2}
    moved = listing(V1, V2, version="c2")

    assert delta("repo", before, moved, [V1]).look_at == {V1}


def test_the_first_listing_looks_at_everything() -> None:
    """The process knows nothing yet."""
    assert delta("repo", None, listing(V1), [V1, V2]).look_at == {V1, V2}


@pytest.mark.parametrize(
    "id_",
    [
        RevisionId("web", "release/1"),  # a placeholder of such a branch
        RevisionId("Web", "v1"),
        RevisionId("a.b", "v1"),  # its name would be that of a/b
        RevisionId("under_score", "v1"),
        RevisionId("p" * 63, "w" * 190),
    ],
)
def test_what_can_have_no_name_is_left_out_with_a_warning(id_: RevisionId) -> None:
    """It hides nothing else."""
    found = delta("repo", None, listing(id_, V1), [])

    assert [each.name for each in found.create] == ["repo.net.vpc.v1"]
    assert [each.where for each in found.warnings] == ["some/ref"]
