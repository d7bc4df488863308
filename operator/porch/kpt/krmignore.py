"""Which files of a package a `.krmignore` hides.

Pure. Patterns are git's. Only the file at a package's own root counts; one in a plain directory
does not, and the one of an enclosing package does not reach into its sub-packages.
"""

from collections.abc import Mapping
from typing import Final

from pathspec import GitIgnoreSpec

KRMIGNORE: Final = ".krmignore"


class Ignore:
    """The patterns of one package."""

    def __init__(self, text: str) -> None:
        self._spec = GitIgnoreSpec.from_lines(text.splitlines()) if text else None

    @classmethod
    def of(cls, files: Mapping[str, str]) -> "Ignore":
        """The patterns that the files of a package, by path in the package, contain."""
        return cls(files.get(KRMIGNORE, ""))

    def hides(self, path: str) -> bool:
        """Whether the file at `path`, relative to the package, is hidden."""
        return self._spec is not None and self._spec.match_file(path)
