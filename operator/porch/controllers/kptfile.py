"""What a Kptfile says that a PackageRevision shows. Pure.

A Kptfile that cannot be read shows nothing but what is wrong with it.
"""

from porch.api.meta import ConditionStatus
from porch.api.packagerevision import GitLock, Locator, PackageCondition
from porch.controllers.packagerevision.status import KptfileView
from porch.errors import Permanent
from porch.kpt.content import Content
from porch.kpt.kptfile import KPTFILE, Condition, UpstreamLock, recent_kptfile

NOTHING = KptfileView()


def kptfile_view(content: Content) -> KptfileView:
    """Upstream lock and conditions, as the package's own Kptfile has them."""
    text = content.texts.get(KPTFILE)
    if text is None:
        return NOTHING
    try:
        kptfile = recent_kptfile(text)
    except Permanent as err:
        return KptfileView(problem=f"{err}. Publish a revision with a corrected Kptfile")
    lock = kptfile.upstream_lock
    return KptfileView(
        upstream_lock=_locator(lock) if lock is not None else None,
        conditions=tuple(_condition(each) for each in kptfile.conditions),
    )


def _locator(lock: UpstreamLock) -> Locator | None:
    if lock.git is None:
        return None
    git = lock.git
    return Locator(
        type="git",
        git=GitLock(repo=git.repo, directory=git.directory, ref=git.ref, commit=git.commit),
    )


def _condition(condition: Condition) -> PackageCondition:
    known = {each.value: each for each in ConditionStatus}
    return PackageCondition(
        type=condition.type,
        status=known.get(condition.status, ConditionStatus.UNKNOWN),
        reason=condition.reason,
        message=condition.message,
    )
