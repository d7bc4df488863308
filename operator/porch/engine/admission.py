"""Whether a new revision may come to be beside what its repository holds. Pure.

Names that git or the naming rules cannot hold, and packages that would lie inside one another
(git cannot have the branch `drafts/a` beside `drafts/a/b`), are refused before anything is made.
"""

from collections.abc import Iterable

from porch.api import names
from porch.api.conditions import Reason
from porch.engine.seen import Halt
from porch.engine.sources import CloneGit, CloneRevision, Init, Source
from porch.storage.adapter import RevisionId

_STARTS: dict[type | None, str] = {
    Init: "`init`",
    CloneRevision: "`cloneFrom`",
    CloneGit: "`cloneFrom`",
}


def refusal(
    repository: str,
    new: RevisionId,
    source: Source | None,
    *,
    branch: str,
    held: Iterable[RevisionId],
) -> Halt | None:
    """Why `new` must not come to be, or None."""
    parts = names.RevisionParts(repository, new.package, new.workspace)
    try:
        names.check_new_revision(parts, branch=branch)
    except names.NameInvalid as err:
        return Halt(Reason.NAME_INVALID, str(err), stalled=True)
    packages = {id_.package for id_ in held if id_ != new}
    starts = _STARTS.get(type(source))
    if starts is not None and new.package in packages:
        words = (
            f"package {new.package!r} already exists in repository {repository!r}: {starts} starts "
            "a new package; use `copyFrom` to make a further revision"
        )
        return Halt(Reason.ALREADY_EXISTS, words, stalled=True)
    for other in sorted(packages):
        if _nested(other, new.package):
            words = (
                f"packages must not be nested: {new.package!r} and {other!r} of repository "
                f"{repository!r} lie one inside the other"
            )
            return Halt(Reason.ALREADY_EXISTS, words, stalled=True)
    return None


def _nested(one: str, other: str) -> bool:
    return one.startswith(other + "/") or other.startswith(one + "/")
