"""What is asked of repositories that are not registered: one package of them, at one ref.

Protocol values only; git is the adapter.
Errors    UpstreamMissing, UpstreamBusy, UpstreamInvalid, and those of `storage.adapter`.
"""

from dataclasses import dataclass

from porch.errors import Permanent, Transient, Waiting
from porch.kpt.content import Content
from porch.storage.adapter import Lock


class UpstreamMissing(Waiting):
    """The repository or the ref is not there; it may come."""

    reason = "WaitingForSource"


class UpstreamBusy(Transient):
    """As many packages are being fetched as may be at once."""

    reason = "WaitingForSource"


class UpstreamInvalid(Permanent):
    """The place cannot be a package, whatever happens there."""

    reason = "SourceInvalid"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A package as it was found, and exactly where."""

    content: Content
    lock: Lock
