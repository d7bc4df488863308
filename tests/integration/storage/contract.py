"""What every adapter of a repository must do. A suite of an adapter inherits from it.

It is given `opened`, a function that opens the same repository once more: as another process
would, with nothing remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from porch.api.lifecycle import Lifecycle
from porch.kpt.content import Content, File
from porch.storage.adapter import (
    Delete,
    Moved,
    ProposeDeletion,
    Publish,
    PutDraft,
    Refused,
    RepositoryAdapter,
    RevisionId,
    Stored,
    UndoDeletion,
    Version,
)
from tests.integration.storage.packages import (
    AUTHOR,
    INIT,
    RENDER,
    VPC,
    draft,
    every_kind_of_file,
    package,
    publication,
    published,
    stored,
)

Opened = Callable[[], Awaitable[RepositoryAdapter]]

NOBODYS = Version("0" * 40)


class RepositoryContract:
    """The behaviour of the port."""

    async def test_a_draft_is_listed_with_its_content(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """What one process stores, another finds."""
        put = stored(await repository.apply(draft()))

        found = (await (await opened()).observe()).revisions[VPC]
        assert found == put
        assert (found.lifecycle, found.revision) == (Lifecycle.DRAFT, 0)
        assert found.digest == package().digest
        assert found.task == INIT

    async def test_a_draft_is_proposed_and_taken_back(self, repository: RepositoryAdapter) -> None:
        """The same content under another lifecycle; the revision is there once."""
        put = stored(await repository.apply(draft()))
        proposed = stored(
            await repository.apply(draft(over=put, lifecycle=Lifecycle.PROPOSED, task=RENDER))
        )
        assert proposed.lifecycle is Lifecycle.PROPOSED
        back = stored(await repository.apply(draft(over=proposed, task=RENDER)))

        listed = (await repository.observe()).revisions[VPC]
        assert listed == back
        assert listed.lifecycle is Lifecycle.DRAFT

    async def test_every_kind_of_file_survives_a_whole_life(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """Modes, links and bytes are content, too."""
        content = every_kind_of_file()
        put = stored(
            await repository.apply(PutDraft(VPC, Lifecycle.PROPOSED, content, INIT, AUTHOR, None))
        )
        await repository.apply(Publish(VPC, content, INIT, AUTHOR, put.version))

        other = await opened()
        found = (await other.observe()).revisions[VPC]
        assert dict(await other.read(found)) == dict(content)

    async def test_files_known_by_id_are_filled_and_can_be_stored(
        self, repository: RepositoryAdapter
    ) -> None:
        """What a text editor cannot hold is carried over by its id."""
        content = every_kind_of_file()
        put = stored(
            await repository.apply(PutDraft(VPC, Lifecycle.DRAFT, content, INIT, AUTHOR, None))
        )
        logo = content["logo.png"]
        thin = Content({**content, "logo.png": replace(logo, data=None), "new": File.of(b"n")})

        again = stored(
            await repository.apply(
                PutDraft(VPC, Lifecycle.DRAFT, thin, RENDER, AUTHOR, put.version)
            )
        )

        assert (await repository.read(again))["logo.png"] == logo
        assert dict(await repository.fill(thin))["logo.png"] == logo

    async def test_publications_of_a_package_are_numbered(
        self, repository: RepositoryAdapter
    ) -> None:
        """Each package for itself, also beside its namesakes in other folders."""
        first = await published(repository, VPC, "1")
        second = await published(repository, RevisionId("net/vpc", "v2"), "2")
        other = await published(repository, RevisionId("vpc", "v1"), "3")

        assert [each.revision for each in (first, second, other)] == [1, 2, 1]
        revisions = (await repository.observe()).revisions
        assert revisions[VPC].lifecycle is Lifecycle.PUBLISHED
        assert revisions[RevisionId("net/vpc", "v2")].digest == package("2").digest

    async def test_a_publication_says_who_and_when(self, repository: RepositoryAdapter) -> None:
        """It is shown, and it survives a restart."""
        before = datetime.now(UTC).replace(microsecond=0)
        found = await published(repository)

        assert found.published_by == AUTHOR.email
        assert found.published_at is not None
        assert before <= found.published_at <= datetime.now(UTC)

    async def test_a_stored_draft_is_gone_once_it_is_published(
        self, repository: RepositoryAdapter
    ) -> None:
        """A revision is listed once, whatever it was before."""
        put = stored(await repository.apply(draft()))
        await repository.apply(publication(over=put))

        listed = (await repository.observe()).revisions
        assert [each.lifecycle for id_, each in listed.items() if id_ == VPC] == [
            Lifecycle.PUBLISHED
        ]

    async def test_publishing_takes_the_given_content_not_the_stored_one(
        self, repository: RepositoryAdapter
    ) -> None:
        """The sealed content is what was approved; the draft's last push may be behind."""
        put = stored(await repository.apply(draft(text="old")))
        found = stored(await repository.apply(publication(text="sealed", over=put)))

        assert found.digest == package("sealed").digest
        assert found.task == INIT

    async def test_publishing_twice_is_publishing_once(self, repository: RepositoryAdapter) -> None:
        """After a crash nobody knows whether it happened."""
        first = await published(repository)
        again = stored(await repository.apply(publication()))

        assert again == first

    async def test_a_published_name_is_never_given_other_content(
        self, repository: RepositoryAdapter
    ) -> None:
        """Refused in words that help."""
        await published(repository, VPC, "1")
        outcome = await repository.apply(publication(VPC, "2"))

        assert isinstance(outcome, Refused)
        assert "other content" in outcome.message

    async def test_a_draft_of_a_published_revision_is_not_stored(
        self, repository: RepositoryAdapter
    ) -> None:
        """The publication wins, and the caller is shown it."""
        final = await published(repository)

        assert await repository.apply(draft(text="2")) == Moved(final)
        assert (await repository.observe()).revisions[VPC] == final

    async def test_the_same_draft_again_changes_nothing(
        self, repository: RepositoryAdapter
    ) -> None:
        """A repeated push is recognised by its content."""
        put = stored(await repository.apply(draft()))

        assert stored(await repository.apply(draft())) == put
        assert stored(await repository.apply(draft(over=put))) == put

    async def test_a_draft_that_others_moved_is_not_overwritten(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """Their work is shown to us instead."""
        put = stored(await repository.apply(draft()))
        other = await opened()
        theirs = stored(await other.apply(draft(text="theirs", over=put)))

        assert await repository.apply(draft(text="ours", over=put)) == Moved(theirs)
        assert await repository.apply(publication(text="ours", over=put)) == Moved(theirs)
        assert (await repository.observe()).revisions[VPC] == theirs

    async def test_a_draft_that_others_made_is_not_overwritten(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """Expected absent is expected, too."""
        await repository.observe()
        theirs = stored(await (await opened()).apply(draft(text="theirs")))

        assert await repository.apply(draft(text="ours")) == Moved(theirs)

    async def test_a_draft_that_others_removed_is_not_made_again(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """Whoever decided on it must decide again."""
        put = stored(await repository.apply(draft()))
        await (await opened()).apply(Delete(VPC, None))

        assert await repository.apply(draft(text="2", over=put)) == Moved(None)

    async def test_deletion_is_proposed_and_undone(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """A mark, kept where everybody sees it."""
        await published(repository)
        marked = stored(await repository.apply(ProposeDeletion(VPC)))
        assert marked.lifecycle is Lifecycle.DELETION_PROPOSED
        assert stored(await repository.apply(ProposeDeletion(VPC))) == marked
        assert (await (await opened()).observe()).revisions[VPC] == marked

        unmarked = stored(await repository.apply(UndoDeletion(VPC)))
        assert unmarked.lifecycle is Lifecycle.PUBLISHED
        assert stored(await repository.apply(UndoDeletion(VPC))) == unmarked

    async def test_deletion_of_what_is_not_published_is_not_proposed(
        self, repository: RepositoryAdapter
    ) -> None:
        """A draft is simply deleted."""
        put = stored(await repository.apply(draft()))

        assert await repository.apply(ProposeDeletion(VPC)) == Moved(put)

    @pytest.mark.parametrize("lifecycle", [Lifecycle.DRAFT, Lifecycle.PROPOSED])
    async def test_drafts_and_proposals_are_deleted(
        self, repository: RepositoryAdapter, lifecycle: Lifecycle
    ) -> None:
        """And deleting what is gone succeeds."""
        put = stored(await repository.apply(draft(lifecycle=lifecycle)))

        assert await repository.apply(Delete(VPC, put.version)) == Stored(None)
        assert VPC not in (await repository.observe()).revisions
        assert await repository.apply(Delete(VPC, put.version)) == Stored(None)

    async def test_a_published_revision_is_deleted_with_its_mark(
        self, repository: RepositoryAdapter
    ) -> None:
        """A mark that stayed would hit the next revision with this number."""
        await published(repository)
        marked = stored(await repository.apply(ProposeDeletion(VPC)))

        assert await repository.apply(Delete(VPC, marked.version)) == Stored(None)
        assert VPC not in (await repository.observe()).revisions
        assert (await published(repository, text="2")).lifecycle is Lifecycle.PUBLISHED

    async def test_what_changed_since_it_was_seen_is_not_deleted(
        self, repository: RepositoryAdapter
    ) -> None:
        """The user deleted something else."""
        put = stored(await repository.apply(draft()))
        await published(repository, RevisionId("net/vpc", "v2"))

        assert await repository.apply(Delete(VPC, NOBODYS)) == Moved(put)
        outcome = await repository.apply(Delete(RevisionId("net/vpc", "v2"), NOBODYS))
        assert isinstance(outcome, Moved)

    async def test_an_unchanged_repository_is_the_same_listing(
        self, repository: RepositoryAdapter
    ) -> None:
        """Only the time moves on; it is that of the beginning of the listing."""
        await published(repository)
        before = datetime.now(UTC)
        first, second = await repository.observe(), await repository.observe()

        assert before <= first.taken_at < second.taken_at
        assert replace(second, taken_at=first.taken_at) == first

    async def test_a_package_needs_a_kptfile(self, repository: RepositoryAdapter) -> None:
        """Without one nobody would ever find it again."""
        bad = Content.from_texts({"a.yaml": "a: b\n"})
        outcome = await repository.apply(Publish(VPC, bad, INIT, AUTHOR, None))

        assert isinstance(outcome, Refused)
        assert "Kptfile" in outcome.message

    async def test_names_that_cannot_be_stored_are_refused(
        self, repository: RepositoryAdapter
    ) -> None:
        """In words, before anything is sent."""
        for id_ in (RevisionId("a b", "v1"), RevisionId("a", "b/c"), RevisionId("a", "")):
            assert isinstance(await repository.apply(draft(id_)), Refused)

    async def test_changes_that_come_together_are_all_made(
        self, repository: RepositoryAdapter
    ) -> None:
        """They share a push; each has its own outcome."""
        ids = [RevisionId(f"many/p{number}", "v1") for number in range(10)]
        changes = [publication(id_, id_.package) for id_ in ids]
        outcomes = await asyncio.gather(
            *map(repository.apply, changes), repository.apply(draft(RevisionId("a", "b/c")))
        )

        assert [stored(each).id for each in outcomes[:-1]] == ids
        assert isinstance(outcomes[-1], Refused)
        revisions = (await repository.observe()).revisions
        assert all(revisions[id_].digest == package(id_.package).digest for id_ in ids)

    async def test_of_many_contents_of_a_draft_the_newest_stays(
        self, repository: RepositoryAdapter
    ) -> None:
        """Nobody waits for one that is outdated already."""
        outcomes = await asyncio.gather(
            *(repository.apply(draft(text=str(number))) for number in range(10))
        )

        final = (await repository.observe()).revisions[VPC]
        assert final.digest == package("9").digest
        assert stored(outcomes[-1]) == final

    async def test_closing_finishes_what_was_asked_for(
        self, repository: RepositoryAdapter, opened: Opened
    ) -> None:
        """Nothing that was acknowledged is lost, nor what is about to be."""
        asked = asyncio.ensure_future(repository.apply(publication()))
        await asyncio.sleep(0)
        await repository.close()

        assert stored(await asked).revision == 1
        assert VPC in (await (await opened()).observe()).revisions
