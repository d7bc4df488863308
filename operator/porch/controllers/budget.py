"""Which published revisions have no room in the store of their repository. Pure.

The newest come first: what was published last is what people and controllers read. Revisions
without a number, which the branch shows and tags have as well, come last.
"""

from collections.abc import Iterable

from porch.storage.adapter import RevisionId, StoredRevision


def beyond_budget(
    revisions: Iterable[StoredRevision], *, budget_bytes: int
) -> frozenset[RevisionId]:
    """The published revisions that do not fit, counted from the newest on."""
    beyond: set[RevisionId] = set()
    used = 0
    for each in sorted(filter(_is_published, revisions), key=_newest_first):
        used += each.size_bytes
        if used > budget_bytes:
            beyond.add(each.id)
    return frozenset(beyond)


def _is_published(revision: StoredRevision) -> bool:
    return revision.lifecycle.is_published


def _newest_first(revision: StoredRevision) -> tuple[bool, float, str, int]:
    when = revision.published_at.timestamp() if revision.published_at else 0.0
    return (revision.revision < 0, -when, revision.id.package, -revision.revision)
