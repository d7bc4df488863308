"""Objects as a packfile, undeltified. Pure. Source: gitformat-pack(5)."""

import hashlib
import struct
import zlib
from collections.abc import Sequence

_LEVEL = 1  # of zlib: packages are small, and the server packs again


def encode(objects: Sequence[tuple[int, bytes]]) -> bytes:
    """A packfile of objects: (type as git numbers it, data)."""
    pack = bytearray(b"PACK" + struct.pack(">II", 2, len(objects)))
    for kind, data in objects:
        pack += _header(kind, len(data))
        pack += zlib.compress(data, _LEVEL)
    return bytes(pack + hashlib.sha1(pack, usedforsecurity=False).digest())


def _header(kind: int, size: int) -> bytes:
    """Type and size: 4 bits of the size first, then 7 a byte."""
    byte, size = kind << 4 | size & 0x0F, size >> 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)
