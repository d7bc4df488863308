"""The cache keys what is built by what it is built from, and does not grow for ever."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from porch_devcluster.cache import cache_root, locked, mark_used, prune
from porch_devcluster.goprogram import GoProgram, key_of

SOURCES = ("go.mod", "go.sum", "main.go", "part/part.go")


def program(home: Path, *, changed: str = "", flags: str = "-s") -> GoProgram:
    """A Go program with one file or another changed."""
    for name in (*SOURCES, "part/part_test.go"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("changed" if name == changed else "same")
    return GoProgram(name="it", entry="it", module=home, cost="nothing", linker_flags=flags)


def test_a_change_of_any_source_file_is_another_key(tmp_path: Path) -> None:
    """An old program must never be taken for the new one."""
    same, again = program(tmp_path / "a"), program(tmp_path / "b")
    others = [program(tmp_path / name, changed=name) for name in SOURCES]
    others.append(program(tmp_path / "flags", flags="-w"))
    tests = program(tmp_path / "tests", changed="part/part_test.go")

    assert key_of(same) == key_of(again) == key_of(tests)
    assert len({key_of(it) for it in (same, *others)}) == 1 + len(others)


def test_the_least_recently_used_entries_go(tmp_path: Path) -> None:
    """Use counts, not age: two checkouts may take turns."""
    for age, name in enumerate(("newest", "middle", "oldest")):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    mark_used(tmp_path / "oldest")

    assert [it.name for it in prune(tmp_path, keep=2)] == ["middle"]
    assert {it.name for it in tmp_path.iterdir()} == {"oldest", "newest"}


def test_a_second_caller_waits_and_says_so(tmp_path: Path) -> None:
    """Two builds at once would take twice the time and fight for the same entry."""
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with locked(tmp_path / "lock", on_wait=waiting.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(tmp_path / "lock"):
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second"]


def test_the_cache_lies_where_the_user_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_CACHE_HOME moves it, as for every other tool."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert cache_root() == tmp_path / "porch"
