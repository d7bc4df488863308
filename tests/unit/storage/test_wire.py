"""Git's wire: packet lines, packs, and the answer to a push."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from porch.storage.git import packfile, pktline
from porch.storage.git.pktline import Garbled, Mark
from porch.storage.git.transport import PushAnswer


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)))
def test_packet_lines_are_read_as_written(texts: list[str]) -> None:
    """Framing is all that both sides must agree on."""
    data = b"".join(map(pktline.line, texts)) + pktline.FLUSH

    *found, last = pktline.lines(data)

    assert [each.decode() for each in found if not isinstance(each, Mark)] == texts
    assert last is Mark.FLUSH


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_garbled(data: bytes) -> None:
    """A proxy may answer anything."""
    try:
        list(pktline.lines(data))
    except Garbled:
        return


def test_half_a_line_is_garbled() -> None:
    """A connection that ends early must not look like a short listing."""
    with pytest.raises(Garbled, match="after the message"):
        list(pktline.lines(pktline.line("refs/heads/main")[:-3]))


def test_side_bands_are_told_apart() -> None:
    """The report is for us, the rest for people."""
    found: list[bytes | Mark] = [b"\1abc", b"\2remote says no\n", b"\1def", Mark.FLUSH]

    assert pktline.demultiplexed(found) == (b"abcdef", "remote says no\n")


@pytest.mark.process
def test_a_pack_is_one_that_git_reads(tmp_path: Path) -> None:
    """Sizes around the borders of their encoding."""
    repository = pygit2.init_repository(str(tmp_path), bare=True)
    blobs = [b"x" * size for size in (0, 1, 15, 16, 2047, 2048, 300_000)]

    pack = packfile.encode([(int(ObjectType.BLOB), blob) for blob in blobs])
    command = ["git", "-C", str(tmp_path), "unpack-objects", "-q", "--strict"]
    subprocess.run(command, input=pack, check=True)

    assert [repository.odb.read(pygit2.hash(blob))[1] for blob in blobs] == blobs


def test_an_answer_says_the_cause_and_not_its_consequences() -> None:
    """With an atomic push, one bad ref takes all others down."""
    answer = PushAnswer(
        {
            "refs/heads/main": "atomic push failure",
            "refs/tags/a/v1": "hook declined",
        },
        "package a is frozen\nerror: failed to push some refs to 'x'\n",
    )

    assert answer.words == "package a is frozen; hook declined"
    assert not answer.looks_like_a_lost_race


def test_a_lost_lease_looks_like_a_lost_race() -> None:
    """The words differ between servers; what counts is looked up afterwards."""
    assert PushAnswer({"refs/heads/main": "failed to update ref"}).looks_like_a_lost_race
    assert PushAnswer({"refs/heads/main": "atomic transaction failed"}).looks_like_a_lost_race
