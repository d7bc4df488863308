"""Refs as values: what a push is to change, in which order, and from which values."""

from __future__ import annotations

from porch.storage.git.refs import Board, Refs, Update, kind_order

HEAD, TIP, MERGE = "a" * 40, "b" * 40, "c" * 40
REFS = Refs({"refs/heads/main": HEAD, "refs/heads/proposed/a/w": TIP, "refs/tags/a/v1": HEAD})


def published() -> Board:
    """A publication on the board."""
    board = Board(REFS)
    board.move("refs/heads/proposed/a/w", "")
    board.move("refs/tags/a/v2", MERGE)
    board.move("refs/heads/main", MERGE)
    return board


def test_every_update_carries_the_value_that_the_remote_is_known_to_have() -> None:
    """That is its lease."""
    assert published().updates() == [
        Update("refs/heads/main", HEAD, MERGE),
        Update("refs/tags/a/v2", "", MERGE),
        Update("refs/heads/proposed/a/w", TIP, ""),
    ]


def test_branches_come_before_tags_and_tags_before_removals() -> None:
    """After a crash in between, the tag is never without the branch nor the proposal lost."""
    kinds = [kind_order(each) for each in published().updates()]

    assert kinds == [(False, False), (False, True), (True, False)]


def test_a_ref_that_moves_back_is_not_pushed() -> None:
    """Nothing to do is not done."""
    board = published()
    for ref, value in REFS.items():
        board.move(ref, value)
    board.move("refs/tags/a/v2", "")

    assert board.updates() == []


def test_the_tags_of_a_package_are_those_of_the_board() -> None:
    """Two publications of a package in one push get two numbers."""
    board = published()
    board.move("refs/tags/a/b/v9", MERGE)

    assert sorted(board.tags("a")) == ["refs/tags/a/v1", "refs/tags/a/v2"]
    board.move("refs/tags/a/v1", "")
    assert list(board.tags("a")) == ["refs/tags/a/v2"]


def test_refs_after_a_push_are_known_without_asking() -> None:
    """And what changed between two listings is their difference."""
    after = REFS.updated(published().updates())

    assert after == Refs(
        {"refs/heads/main": MERGE, "refs/tags/a/v1": HEAD, "refs/tags/a/v2": MERGE}
    )
    assert after.changed_since(REFS) == {
        "refs/heads/main",
        "refs/heads/proposed/a/w",
        "refs/tags/a/v2",
    }


def test_the_tags_of_a_package_are_known_after_a_push_as_after_a_listing() -> None:
    """One is kept up, the other is read anew."""
    updates = [
        Update("refs/tags/a/v1", HEAD, ""),
        Update("refs/tags/a/v2", "", MERGE),
        Update("refs/tags/a/v3", "", MERGE),
        Update("refs/tags/b/v1", "", MERGE),
    ]
    after = REFS.updated(updates)

    for package in ("a", "b", "c"):
        assert sorted(after.tags(package)) == sorted(Refs(dict(after)).tags(package))
    assert sorted(after.tags("a")) == ["refs/tags/a/v2", "refs/tags/a/v3"]
