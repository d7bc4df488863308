"""What the command line refuses or cannot do with files. Pure."""

from typing import ClassVar

from porch.errors import Conflict, Permanent


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
