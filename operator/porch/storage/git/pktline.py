"""Packet lines: the framing of git's wire protocol. Pure.

Source    gitprotocol-common(5), gitprotocol-pack(5). Errors: Garbled.
"""

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")


class Garbled(ValueError):
    """The bytes are no packet lines, or end too early."""


class Mark(IntEnum):
    """Lines without data."""

    FLUSH = 0
    DELIMITER = 1
    RESPONSE_END = 2


def line(text: str) -> bytes:
    """One line."""
    data = text.encode("utf-8", "surrogateescape")
    return b"%04x" % (len(data) + 4) + data


FLUSH = b"0000"
DELIMITER = b"0001"


def lines(data: bytes) -> Iterator[bytes | Mark]:
    """The lines of a message."""
    at = 0
    while at < len(data):
        digits = _LENGTH.match(data, at)
        if digits is None:
            raise Garbled(f"packet line at byte {at} must begin with its length")
        length = int(digits[0], 16)
        if length < 4:
            if length > Mark.RESPONSE_END:
                raise Garbled(f"packet line at byte {at} has length {length}")
            yield Mark(length)
            at += 4
            continue
        if at + length > len(data):
            raise Garbled(f"packet line at byte {at} ends after the message")
        yield data[at + 4 : at + length]
        at += length


def text(data: bytes) -> str:
    """A line as text, without its end; what is not UTF-8 survives as surrogates."""
    return data.decode("utf-8", "surrogateescape").removesuffix("\n")


def demultiplexed(found: Iterable[bytes | Mark]) -> tuple[bytes, str]:
    """What came on the side bands: the report, and the words for people (bands 2 and 3)."""
    report, words = bytearray(), bytearray()
    for each in found:
        if isinstance(each, Mark):
            continue
        if each[:1] == b"\1":
            report += each[1:]
        else:
            words += each[1:]
    return bytes(report), words.decode(errors="replace")
