"""Where the first content of a draft comes from.

Pure values. A source is applied once; the marker is the draft's existence, not a status field.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from porch.storage.adapter import Task


@dataclass(frozen=True, slots=True)
class Init:
    """A new, empty package."""

    description: str
    keywords: tuple[str, ...] = ()
    site: str = ""

    @property
    def task(self) -> Task:
        """As commits record it; empty members are left out."""
        body: dict[str, object] = {}
        if self.description:
            body["description"] = self.description
        if self.keywords:
            body["keywords"] = list(self.keywords)
        if self.site:
            body["site"] = self.site
        return Task("init", body)


@dataclass(frozen=True, slots=True)
class CopyFrom:
    """The content of another, published revision of the same package."""

    name: str

    @property
    def task(self) -> Task:
        """As commits record it."""
        return Task("edit", {"sourceRef": {"name": self.name}})


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A source that this version cannot carry out yet."""

    member: str  # its name under `spec.source`

    @property
    def task(self) -> Task:
        """Never recorded, as nothing is ever made from it."""
        return Task(self.member)


Source = Init | CopyFrom | Unsupported

HAND_MADE = Task("edit")  # of a draft whose first content the user wrote
RENDER = Task("render")


def first_task(source: Source | None) -> Task:
    """The task that a revision's first commit records."""
    return HAND_MADE if source is None else source.task


def parse(spec: Mapping[str, object]) -> Source:
    """A source from its wire form, which has exactly one member."""
    member = next(iter(spec), "")
    body = spec.get(member)
    match member, body:
        case "init", dict():
            return _init(body)
        case "copyFrom", {"name": str(name)}:
            return CopyFrom(name)
        case _:
            return Unsupported(member)


def _init(fields: Mapping[str, object]) -> Source:
    if fields.get("subpackage"):
        return Unsupported("init.subpackage")
    keywords = fields.get("keywords") or []
    return Init(
        description=str(fields.get("description") or ""),
        keywords=tuple(str(word) for word in keywords) if isinstance(keywords, list) else (),
        site=str(fields.get("site") or ""),
    )
