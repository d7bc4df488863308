"""What the command line refuses or cannot do with files. Pure."""

from typing import ClassVar

from porch.errors import Conflict, Permanent, Transient


class UnusableDirectory(Permanent):
    """The directory, or a file in it, cannot be read as a package."""

    reason: ClassVar[str] = "UnusableDirectory"


class Unwritable(Permanent):
    """A result cannot be written where it belongs; what was there is as it was."""

    reason: ClassVar[str] = "Unwritable"


class ChangedMeanwhile(Conflict):
    """A file changed between our read and our write; nothing was written."""

    reason: ClassVar[str] = "ChangedMeanwhile"


class BadArguments(Permanent):
    """The words on the command line contradict each other."""

    reason: ClassVar[str] = "BadArguments"


class NoGit(Permanent):
    """The git program is not installed."""

    reason: ClassVar[str] = "NoGit"


class CacheUnusable(Permanent):
    """Clones cannot be kept where they belong."""

    reason: ClassVar[str] = "CacheUnusable"


class UpstreamUnreachable(Transient):
    """The server of a package does not answer, or not as it should."""

    reason: ClassVar[str] = "UpstreamUnreachable"


class UpstreamDenied(Permanent):
    """The server of a package does not let us read it, or is not trusted."""

    reason: ClassVar[str] = "UpstreamDenied"


class NoRepository(Permanent):
    """There is no git repository at an address."""

    reason: ClassVar[str] = "NoRepository"


class NoSuchReference(Permanent):
    """A repository has no tag, branch or commit of a name."""

    reason: ClassVar[str] = "NoSuchReference"


class NoSuchPackage(Permanent):
    """A repository has no directory of a name."""

    reason: ClassVar[str] = "NoSuchPackage"


class NoUpstream(Permanent):
    """A package does not say where it comes from."""

    reason: ClassVar[str] = "NoUpstream"
