"""Packfiles: what a push brings, and what a small fetch brought. Pure. Source: gitformat-pack(5).

An object is its type, as git numbers it, and its data. Packs are written without deltas; what is
read may have them, within the pack.
Errors    BadPack for what is no pack, is cut off, or is larger than it may be.
"""

import hashlib
import struct
import zlib
from collections.abc import Sequence

MAX_OBJECT_BYTES = 64 * 1024 * 1024

Object = tuple[int, bytes]

_LEVEL = 1  # of zlib: packages are small, and the server packs again
_CHUNK_BYTES = 4096
_KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_OFFSET_DELTA, _ID_DELTA = 6, 7
_HEADER_BYTES, _TRAILER_BYTES = 12, 20


class BadPack(ValueError):
    """The bytes are no pack that can be read here."""


def encode(objects: Sequence[Object]) -> bytes:
    """A packfile of objects."""
    pack = bytearray(b"PACK" + struct.pack(">II", 2, len(objects)))
    for kind, data in objects:
        pack += _entry_header(kind, len(data))
        pack += zlib.compress(data, _LEVEL)
    return bytes(pack + hashlib.sha1(pack, usedforsecurity=False).digest())


def decode(pack: bytes) -> list[Object]:
    """The objects of a packfile that is complete in itself."""
    if len(pack) < _HEADER_BYTES + _TRAILER_BYTES or not pack.startswith(b"PACK"):
        raise BadPack("a pack must begin with PACK")
    body, trailer = pack[:-_TRAILER_BYTES], pack[-_TRAILER_BYTES:]
    if hashlib.sha1(body, usedforsecurity=False).digest() != trailer:
        raise BadPack("a pack must end with its checksum")
    (count,) = struct.unpack(">I", pack[8:_HEADER_BYTES])
    reader = _Reader(body)
    try:
        for _ in range(count):
            reader.read_entry()
    except (IndexError, zlib.error) as err:
        raise BadPack(f"object at byte {reader.at} cannot be read: {err}") from err
    return reader.resolved()


class _Reader:
    """Reads entries one after the other; deltas wait until their base is known."""

    def __init__(self, body: bytes) -> None:
        self._body = memoryview(body)
        self.at = _HEADER_BYTES
        self._known: dict[int | bytes, Object] = {}  # by offset and by id
        self._objects: list[Object] = []
        self._deltas: list[tuple[int, int | bytes, bytes]] = []  # offset, base, delta

    def read_entry(self) -> None:
        """One object, or one delta."""
        start = self.at
        byte = self._byte()
        kind, size, shift = byte >> 4 & 7, byte & 0x0F, 4
        while byte & 0x80:
            byte = self._byte()
            size |= (byte & 0x7F) << shift
            shift += 7
        base: int | bytes | None = None
        if kind == _OFFSET_DELTA:
            base = start - self._distance()
        elif kind == _ID_DELTA:
            base = bytes(self._body[self.at : self.at + 20])
            self.at += 20
        data = self._inflated(size)
        if base is not None:
            self._deltas.append((start, base, data))
        elif kind in _KINDS:
            self._keep(start, (kind, data))
        else:
            raise BadPack(f"object at byte {start} has type {kind}")

    def resolved(self) -> list[Object]:
        """All objects, once every delta has found its base."""
        while self._deltas:
            waiting, self._deltas = self._deltas, []
            for start, base, delta in waiting:
                found = self._known.get(base)
                if found is None:
                    self._deltas.append((start, base, delta))
                else:
                    self._keep(start, (found[0], _patched(found[1], delta)))
            if len(self._deltas) == len(waiting):
                raise BadPack("the base of a delta must be in the same pack")
        return self._objects

    def _keep(self, start: int, found: Object) -> None:
        kind, data = found
        header = b"%s %d\0" % (_KINDS[kind], len(data))
        self._known[start] = found
        self._known[hashlib.sha1(header + data, usedforsecurity=False).digest()] = found
        self._objects.append(found)

    def _byte(self) -> int:
        self.at += 1
        return self._body[self.at - 1]

    def _distance(self) -> int:
        byte = self._byte()
        distance = byte & 0x7F
        while byte & 0x80:
            byte = self._byte()
            distance = (distance + 1) << 7 | byte & 0x7F
        return distance

    def _inflated(self, size: int) -> bytes:
        if size > MAX_OBJECT_BYTES:
            raise BadPack(f"an object must not exceed {MAX_OBJECT_BYTES} bytes, found {size}")
        inflater, data = zlib.decompressobj(), bytearray()
        while not inflater.eof:
            chunk = self._body[self.at : self.at + _CHUNK_BYTES]
            if not chunk:
                raise BadPack("the pack ends within an object")
            data += inflater.decompress(chunk, size + 1 - len(data))
            self.at += len(chunk) - len(inflater.unused_data) - len(inflater.unconsumed_tail)
            if len(data) > size:
                break
        if len(data) != size:
            raise BadPack(f"an object must have the size that is written before it, {size}")
        return bytes(data)


def _patched(base: bytes, delta: bytes) -> bytes:
    """The object that a delta makes of its base."""
    at, numbers = 0, []
    for _ in range(2):  # sizes of base and result
        value, shift = 0, 0
        while True:
            byte, at = delta[at], at + 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        numbers.append(value)
    if numbers[0] != len(base) or numbers[1] > MAX_OBJECT_BYTES:
        raise BadPack("a delta must fit its base")
    made = bytearray()
    while at < len(delta):
        byte, at = delta[at], at + 1
        if byte & 0x80:
            offset, size, at = _copied(delta, byte, at)
            made += base[offset : offset + size]
        else:
            made += delta[at : at + byte]
            at += byte
    if len(made) != numbers[1]:
        raise BadPack("a delta must make what it says it makes")
    return bytes(made)


def _copied(delta: bytes, byte: int, at: int) -> tuple[int, int, int]:
    """Offset and size of a piece of the base, and where the delta goes on."""
    values = [0, 0]
    for bit in range(7):
        if byte >> bit & 1:
            which, place = (0, bit) if bit < 4 else (1, bit - 4)
            values[which] |= delta[at] << 8 * place
            at += 1
    return values[0], values[1] or 0x10000, at


def _entry_header(kind: int, size: int) -> bytes:
    """Type and size: 4 bits of the size first, then 7 a byte."""
    byte, size = kind << 4 | size & 0x0F, size >> 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)
