"""Where the content of drafts lives, and where published content is shown.

A store of one complete content per revision, written by users and by the operator. Every write
is compare-and-swap on a version. Versions are opaque; generations rise by one with each write
that changes what is stored, whoever made it.

Errors    Conflict when the version moved; NotFound-like absence is a None, never an exception.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from porch.api.lifecycle import Lifecycle
from porch.errors import Conflict, Permanent
from porch.kpt.content import Content


class DraftChanged(Conflict):
    """The stored content changed between our read and our write."""

    reason = "DraftChanged"


class ContentTooLarge(Permanent):
    """The content does not fit where this cache keeps it."""

    reason = "ContentTooLarge"


class Inline(StrEnum):
    """Whether the files of stored content are in the store."""

    YES = "true"
    NO = "false"  # by the repository's policy
    TOO_LARGE = "too-large"  # they do not fit, whatever the policy


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why the files of a published revision are not in the store; git has them."""

    inline: Inline  # NO or TOO_LARGE
    why: str  # for people, with the place where they are
    since: datetime


@dataclass(frozen=True, slots=True)
class DraftHead:
    """What is known of stored content without reading it."""

    generation: int
    version: str
    rendered_generation: int | None  # the generation that our last content write produced
    inline: Inline = Inline.YES


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the last render of stored content ended."""

    succeeded: bool
    since: datetime  # of this verdict, not of the last render


@dataclass(frozen=True, slots=True)
class Draft:
    """Stored content."""

    head: DraftHead
    content: Content
    lifecycle: Lifecycle | None  # as sealed by us: None or Draft is open to edits
    verdict: Verdict | None = None  # None: nothing was rendered yet


@dataclass(frozen=True, slots=True)
class Shown:
    """What a write shows beside the files: identity and the result of the last render."""

    package: str
    workspace: str
    repository: str
    revision: int
    lifecycle: Lifecycle
    error: str  # of the last render, "" when it succeeded
    results: bytes  # the function results, JSON of a FunctionResultList; b"" for none
    rendered_at: datetime | None = None  # None: this write shows no render
    withheld: Withheld | None = None  # None: the files are written


class PackageCache(Protocol):
    """The content store. `namespace` and `name` are those of the PackageRevision."""

    def peek(self, namespace: str, name: str) -> DraftHead | None:
        """What was last heard of the content; no input or output."""
        ...

    async def read(self, namespace: str, name: str) -> Draft | None:
        """The content as it is now."""
        ...

    async def write(
        self, namespace: str, name: str, content: Content, *, shown: Shown, over: Draft | None
    ) -> Draft:
        """Replace the content that `over` describes, or create it when None; compare-and-swap.

        Content that is withheld is empty; ContentTooLarge when it does not fit.
        """
        ...

    async def mark(
        self, namespace: str, name: str, lifecycle: Lifecycle, *, over: Draft, revision: int = 0
    ) -> Draft:
        """Seal or unseal exactly the content that `over` describes; compare-and-swap."""
        ...

    async def acknowledge(self, namespace: str, name: str, *, over: Draft) -> Draft:
        """Note that the content of `over` is rendered, when a client's write wiped the note."""
        ...

    async def delete(self, namespace: str, name: str) -> None:
        """Remove the content; absent already is success."""
        ...
