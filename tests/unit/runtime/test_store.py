"""The store: the newest version wins, from wherever it comes and in whatever order."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from porch.runtime.resources import ObjectKey
from porch.runtime.store import MAX_REMEMBERED_DELETIONS, Store


class Meta(msgspec.Struct, frozen=True):
    """Enough metadata."""

    name: str
    namespace: str = "blue"
    uid: str = ""
    resource_version: str = "1"
    deletion_timestamp: None = None
    finalizers: list[str] = []


class Thing(msgspec.Struct, frozen=True):
    """An object with a colour to be found by."""

    metadata: Meta
    colour: str = "red"


def thing(name: str, version: int, colour: str = "red") -> Thing:
    return Thing(Meta(name, resource_version=str(version)), colour)


KEY = ObjectKey("blue", "a")


def test_an_older_version_changes_nothing() -> None:
    """The answer to our write is often here before the event of the write before it."""
    store: Store[Thing] = Store()

    assert store.put(thing("a", 10, "new")) is True
    assert store.put(thing("a", 9, "old")) is False
    assert store.put(thing("a", 10, "echo")) is False
    assert store.get(KEY) == thing("a", 10, "new")


def test_versions_are_compared_as_numbers() -> None:
    """As texts, 9 is after 10."""
    store: Store[Thing] = Store()
    store.put(thing("a", 9))

    assert store.put(thing("a", 10)) is True


def test_a_late_version_does_not_bring_back_what_was_deleted() -> None:
    """The answer to our last write may arrive after the event of the deletion."""
    store: Store[Thing] = Store()
    store.put(thing("a", 5))
    store.remove(thing("a", 8))

    assert store.put(thing("a", 7)) is False
    assert store.get(KEY) is None
    assert store.put(thing("a", 9)) is True  # made anew


def test_a_late_deletion_does_not_remove_what_was_made_anew() -> None:
    """The same name, another object."""
    store: Store[Thing] = Store()
    store.put(thing("a", 9))

    assert store.remove(thing("a", 8)) is False
    assert store.get(KEY) is not None


def test_an_index_follows_each_change() -> None:
    """It must not find what it was before."""
    store: Store[Thing] = Store({"colour": lambda found: [found.colour]})
    store.put(thing("a", 1, "red"))
    store.put(thing("b", 2, "red"))
    store.put(thing("a", 3, "blue"))

    assert store.find("colour", "red") == [thing("b", 2, "red")]
    assert store.find("colour", "blue") == [thing("a", 3, "blue")]
    store.remove(thing("b", 4))
    assert store.find("colour", "red") == []


def test_listeners_hear_before_and_after() -> None:
    """Of changes only."""
    heard: list[tuple[str, str]] = []
    store: Store[Thing] = Store()
    store.listen(
        lambda _, before, after: heard.append(
            (before.colour if before else "", after.colour if after else "")
        )
    )
    store.put(thing("a", 1, "red"))
    store.put(thing("a", 1, "red"))
    store.put(thing("a", 2, "blue"))
    store.remove(thing("a", 3))

    assert heard == [("", "red"), ("red", "blue"), ("blue", "")]


def test_deletions_are_not_remembered_for_ever() -> None:
    """Objects come and go for months."""
    store: Store[Thing] = Store()
    for number in range(MAX_REMEMBERED_DELETIONS + 100):
        store.remove(thing(str(number), 1))

    assert len(store._deleted) == MAX_REMEMBERED_DELETIONS


@given(seed=st.integers(min_value=0, max_value=2**32 - 1))
def test_any_order_of_the_same_news_ends_the_same(seed: int) -> None:
    """Watch, list and our own writes race; the end may not depend on who was first."""
    dice = random.Random(seed)  # noqa: S311 (a replayable scenario)
    history = [(version, dice.random() < 0.2) for version in range(1, 12)]
    news = history + dice.choices(history, k=5)
    dice.shuffle(news)
    store: Store[Thing] = Store({"colour": lambda found: [found.colour]})
    for version, is_gone in news:
        if is_gone:
            store.remove(thing("a", version))
        else:
            store.put(thing("a", version, str(version)))

    version, is_gone = history[-1]
    expected = None if is_gone else thing("a", version, str(version))
    assert store.get(KEY) == expected
    assert list(store) == ([expected] if expected else [])
    assert sum(len(store.find("colour", str(each))) for each in range(12)) == len(store)
