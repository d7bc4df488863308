"""Git's wire: packet lines, packs, and the answer to a push."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from porch.storage.git import packfile, pktline
from porch.storage.git.packfile import BadPack
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


@pytest.mark.parametrize("data", [b"00", b"+00a", b"0x0a", b"0003", b" 00a"])
def test_a_length_is_four_hexadecimal_digits(data: bytes) -> None:
    """A flush that was cut off must not end a listing as if it were complete."""
    with pytest.raises(Garbled):
        list(pktline.lines(data))


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


@pytest.mark.process
@pytest.mark.parametrize("offsets", ["--delta-base-offset", "--no-reuse-delta"])
def test_a_pack_of_git_is_read_with_its_deltas(tmp_path: Path, offsets: str) -> None:
    """Servers send what they have, and that is deltas."""
    repository = pygit2.init_repository(str(tmp_path), bare=True)
    text = b"".join(b"line %d of a file\n" % number for number in range(5000))
    blobs = [text, text + b"more\n", b"before\n" + text, text[:70_000] + b"x" + text[70_000:], b""]
    ids = [str(repository.create_blob(blob)) for blob in blobs]

    command = ["git", "-C", str(tmp_path), "pack-objects", "-q", "--stdout", offsets]
    done = subprocess.run(command, input="\n".join(ids).encode(), capture_output=True, check=True)

    assert len(done.stdout) < 2 * len(packfile.encode([(3, text)]))
    assert sorted(packfile.decode(done.stdout)) == sorted((3, blob) for blob in blobs)


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4]), st.binary(max_size=5000))))
def test_packs_are_read_as_written(objects: list[tuple[int, bytes]]) -> None:
    """Both directions agree on the format."""
    assert packfile.decode(packfile.encode(objects)) == objects


@given(at=st.integers(min_value=0, max_value=60), byte=st.integers(min_value=0, max_value=255))
def test_a_pack_with_a_wrong_byte_is_bad(at: int, byte: int) -> None:
    """Its checksum says so, whatever was hit."""
    pack = bytearray(packfile.encode([(3, b"x" * 100), (2, b"")]))
    changed = pack[at % len(pack)] != byte
    pack[at % len(pack)] = byte

    if changed:
        with pytest.raises(BadPack):
            packfile.decode(bytes(pack))


@given(st.binary(max_size=60))
def test_bytes_with_a_right_checksum_are_a_pack_or_bad(body: bytes) -> None:
    """Nothing else is raised, and it ends."""
    start = b"PACK\0\0\0\2\0\0\0\2" + body
    try:
        packfile.decode(start + hashlib.sha1(start, usedforsecurity=False).digest())
    except BadPack:
        return


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
