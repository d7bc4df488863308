"""Builders for tests of repositories: packages, changes, and what must come of them."""

from __future__ import annotations

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content, File, FileMode
from porch.storage.adapter import (
    Identity,
    Outcome,
    Publish,
    PutDraft,
    RepositoryAdapter,
    RevisionId,
    Stored,
    StoredRevision,
    Task,
)

AUTHOR = Identity("admin", "admin@example.com")
INIT = Task("init", {"description": "a package"})
RENDER = Task("render")
VPC = RevisionId("net/vpc", "v1")


def package(text: str = "1") -> Content:
    """A package whose content is decided by `text`."""
    return Content.from_texts({"Kptfile": "kind: Kptfile\n", "cm.yaml": f"data: {text}\n"})


def every_kind_of_file() -> Content:
    """A package with all that text alone does not say."""
    return Content(
        {
            "Kptfile": File.of(b"kind: Kptfile\n"),
            "bin/run.sh": File.of(b"#!/bin/sh\n", FileMode.EXECUTABLE),
            "bin/link": File.of(b"run.sh", FileMode.SYMLINK),
            "logo.png": File.of(b"\x89PNG\0\xff"),
            "deep/er/file.yaml": File.of("ünï: cødé\n".encode()),
        }
    )


def draft(
    id_: RevisionId = VPC,
    text: str = "1",
    *,
    over: StoredRevision | None = None,
    lifecycle: Lifecycle = Lifecycle.DRAFT,
    task: Task = INIT,
) -> PutDraft:
    """The change that stores a draft."""
    expected = over.version if over else None
    return PutDraft(id_, lifecycle, package(text), task, AUTHOR, expected)


def publication(
    id_: RevisionId = VPC, text: str = "1", *, over: StoredRevision | None = None
) -> Publish:
    """The change that publishes."""
    return Publish(id_, package(text), INIT, AUTHOR, over.version if over else None)


def stored(outcome: Outcome) -> StoredRevision:
    """The revision that a change must have stored."""
    assert isinstance(outcome, Stored), outcome
    assert outcome.revision is not None
    return outcome.revision


async def published(
    repository: RepositoryAdapter, id_: RevisionId = VPC, text: str = "1"
) -> StoredRevision:
    """A published revision."""
    return stored(await repository.apply(publication(id_, text)))
