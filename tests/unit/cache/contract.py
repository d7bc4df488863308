"""What every content store promises: the same tests for the fake, for objects and for a database.

An implementation subclasses `CacheContract` and gives a `bench`: an empty store for one revision,
and the hand of a user who writes to it as users do.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import pytest

from porch.api.lifecycle import Lifecycle
from porch.cache.protocol import Draft, DraftChanged, Inline, PackageCache, Shown, Withheld
from porch.kpt.content import Content

FIRST = Content.from_texts({"Kptfile": "first\n", "sub/a.yaml": "a: 1\n"})
SECOND = Content.from_texts({"Kptfile": "second\n", "b.yaml": "b: 1\n"})
D, P = Lifecycle.DRAFT, Lifecycle.PROPOSED


def shown(lifecycle: Lifecycle = D, *, error: str = "") -> Shown:
    """What is shown beside the files."""
    return Shown("app", "v1", "repo", 0, lifecycle, error, b"")


class Bench(Protocol):
    """A store, and a user of it."""

    @property
    def cache(self) -> PackageCache:
        """The store; it knows what it read and wrote, and what `heard` brought."""
        ...

    @property
    def namespace(self) -> str:
        """Of the revision."""
        ...

    @property
    def name(self) -> str:
        """Of the revision."""
        ...

    async def put(self, content: Content) -> None:
        """The user applies these files, whatever is there; raises when they are refused."""
        ...

    async def push(self, content: Content) -> None:
        """The existing command line pushes: nothing but the files survives."""
        ...

    async def heard(self) -> None:
        """The store has heard of all writes until now."""
        ...


class CacheContract:
    """The promises, one test each."""

    @pytest.fixture
    def bench(self) -> Bench:
        """An empty store."""
        raise NotImplementedError

    async def test_what_is_not_there_is_none(self, bench: Bench) -> None:
        assert await bench.cache.read(bench.namespace, bench.name) is None
        assert bench.cache.peek(bench.namespace, bench.name) is None

    async def test_what_is_written_is_read(self, bench: Bench) -> None:
        written = await _write(bench, FIRST)

        assert await bench.cache.read(bench.namespace, bench.name) == written
        assert written.content == FIRST
        assert written.lifecycle is D

    async def test_a_write_replaces_all_files(self, bench: Bench) -> None:
        first = await _write(bench, FIRST)
        await _write(bench, SECOND, over=first)
        found = await _read(bench)

        assert found.content == SECOND

    async def test_each_write_raises_the_generation_by_one_and_notes_it(self, bench: Bench) -> None:
        """The note tells our own writes from those of users, also after a restart."""
        made = await _write(bench, FIRST)
        same = await _write(bench, FIRST, over=made)
        failed = await _write(bench, FIRST, over=same, view=shown(error="function 'x' failed"))
        sealed = await bench.cache.mark(bench.namespace, bench.name, P, over=failed)

        drafts = [made, same, failed, sealed]
        assert [each.head.generation for each in drafts] == [1, 2, 3, 4]
        assert [each.head.rendered_generation for each in drafts] == [1, 2, 3, 4]
        assert (await _read(bench)).head == sealed.head

    async def test_the_head_is_known_without_reading(self, bench: Bench) -> None:
        written = await _write(bench, FIRST)

        assert bench.cache.peek(bench.namespace, bench.name) == written.head

    async def test_a_users_write_is_noticed_by_its_generation(self, bench: Bench) -> None:
        await _write(bench, FIRST)
        await bench.put(SECOND)
        await bench.heard()
        head = bench.cache.peek(bench.namespace, bench.name)

        assert head is not None
        assert (head.generation, head.rendered_generation) == (2, 1)
        assert (await _read(bench)).content == SECOND

    async def test_the_same_files_applied_again_are_no_write(self, bench: Bench) -> None:
        written = await _write(bench, FIRST)
        await bench.put(FIRST)

        assert (await _read(bench)).head.generation == written.head.generation

    async def test_files_that_a_user_created_carry_no_note(self, bench: Bench) -> None:
        await bench.put(FIRST)
        found = await _read(bench)

        assert (found.head.generation, found.head.rendered_generation) == (1, None)
        assert found.lifecycle is None

    async def test_a_push_wipes_the_note(self, bench: Bench) -> None:
        await _write(bench, FIRST)
        await bench.push(SECOND)

        assert (await _read(bench)).head.rendered_generation is None

    async def test_an_acknowledgement_brings_the_note_back(self, bench: Bench) -> None:
        await _write(bench, FIRST)
        await bench.push(FIRST)
        pushed = await _read(bench)
        noted = await bench.cache.acknowledge(bench.namespace, bench.name, over=pushed)

        assert noted.head.rendered_generation == noted.head.generation
        assert (await _read(bench)).head == noted.head
        assert noted.content == FIRST

    async def test_a_write_over_what_changed_is_refused(self, bench: Bench) -> None:
        """An edit that came in between is the next input, not lost."""
        first = await _write(bench, FIRST)
        await bench.put(SECOND)
        for write in (
            _write(bench, FIRST, over=first),
            bench.cache.mark(bench.namespace, bench.name, P, over=first),
            bench.cache.acknowledge(bench.namespace, bench.name, over=first),
        ):
            with pytest.raises(DraftChanged):
                await write

        assert (await _read(bench)).content == SECOND

    async def test_a_first_write_over_what_is_there_is_refused(self, bench: Bench) -> None:
        await bench.put(SECOND)
        with pytest.raises(DraftChanged):
            await _write(bench, FIRST)

        assert (await _read(bench)).content == SECOND

    async def test_a_write_over_what_is_gone_is_refused(self, bench: Bench) -> None:
        first = await _write(bench, FIRST)
        await bench.cache.delete(bench.namespace, bench.name)
        with pytest.raises(DraftChanged):
            await _write(bench, SECOND, over=first)

        assert await bench.cache.read(bench.namespace, bench.name) is None

    async def test_sealed_files_refuse_a_users_edit_until_they_are_unsealed(
        self, bench: Bench
    ) -> None:
        """No acknowledged edit is written behind a proposal's back."""
        made = await _write(bench, FIRST)
        sealed = await bench.cache.mark(bench.namespace, bench.name, P, over=made)
        with pytest.raises(Exception):  # noqa: B017, PT011 - each store refuses in its own words
            await bench.put(SECOND)
        with pytest.raises(Exception):  # noqa: B017, PT011
            await bench.push(SECOND)
        assert (await _read(bench)).content == FIRST

        await bench.cache.mark(bench.namespace, bench.name, D, over=sealed)
        await bench.put(SECOND)

        assert (await _read(bench)).content == SECOND

    async def test_a_mark_changes_no_file(self, bench: Bench) -> None:
        made = await _write(bench, FIRST)
        sealed = await bench.cache.mark(bench.namespace, bench.name, P, over=made)

        assert (sealed.content, sealed.lifecycle) == (FIRST, P)
        assert await _read(bench) == sealed

    async def test_files_that_are_withheld_leave_a_word_and_come_back(self, bench: Bench) -> None:
        """The policy of a repository may change, either way; a seal changes nothing of it."""
        made = await _write(bench, FIRST)
        why = Withheld(Inline.NO, "git has them", datetime(2026, 1, 1, tzinfo=UTC))
        view = replace(shown(), withheld=why)
        hollow = await _write(bench, Content({}), over=made, view=view)
        sealed = await bench.cache.mark(bench.namespace, bench.name, P, over=hollow)

        assert (hollow.content, hollow.head.inline) == (Content({}), Inline.NO)
        assert await _read(bench) == sealed
        assert sealed.head.inline is Inline.NO

        opened = await bench.cache.mark(bench.namespace, bench.name, D, over=sealed)
        again = await _write(bench, FIRST, over=opened)

        assert (again.content, again.head.inline) == (FIRST, Inline.YES)
        assert await _read(bench) == again

    async def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, bench: Bench) -> None:
        """A crash repeats it."""
        await _write(bench, FIRST)
        await bench.cache.delete(bench.namespace, bench.name)
        await bench.cache.delete(bench.namespace, bench.name)
        await bench.heard()

        assert await bench.cache.read(bench.namespace, bench.name) is None
        assert bench.cache.peek(bench.namespace, bench.name) is None


async def _write(
    bench: Bench, content: Content, *, over: Draft | None = None, view: Shown | None = None
) -> Draft:
    view = view or shown()
    return await bench.cache.write(bench.namespace, bench.name, content, shown=view, over=over)


async def _read(bench: Bench) -> Draft:
    found = await bench.cache.read(bench.namespace, bench.name)
    assert found is not None
    return found
