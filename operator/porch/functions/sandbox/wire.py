"""What travels between a process and its sandbox child: frames of MessagePack.

Pure but for the two stream functions. A frame is a 4-byte big-endian length and that many bytes.
MessagePack and not pickle: the child is the less trusted side, and decoding its answer must not be
able to run anything.
Errors: EOFError when the stream ends inside or before a frame.
"""

import struct
from typing import BinaryIO

import msgspec

_LENGTH = struct.Struct(">I")


class StarlarkJob(msgspec.Struct, frozen=True, tag="starlark"):
    """Run `source` over `resource_list`, a JSON text."""

    source: str
    resource_list: str
    max_ksteps: int  # thousands of executed loop turns and calls


class RegexJob(msgspec.Struct, frozen=True, tag="regex"):
    """Search each text for `pattern`, in RE2 syntax as the Go functions have it."""

    pattern: str
    texts: list[str]


class StarlarkDone(msgspec.Struct, frozen=True, tag="starlark-done"):
    """The script ran to its end."""

    resource_list: str  # JSON
    printed: str  # what the script printed, newline-terminated lines


class Found(msgspec.Struct, frozen=True, array_like=True):
    """One match: its extent in the text and what each group captured (None: took no part)."""

    start: int
    end: int
    groups: list[str | None]


class RegexDone(msgspec.Struct, frozen=True, tag="regex-done"):
    """One entry for each text, None where the pattern does not occur."""

    found: list[Found | None]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The user's text is wrong, or it failed: `message` says how."""

    message: str


class Exhausted(msgspec.Struct, frozen=True, tag="exhausted"):
    """A limit that the child itself watches was reached."""

    limit: str


Job = StarlarkJob | RegexJob
Answer = StarlarkDone | RegexDone | Refused | Exhausted

_encoder = msgspec.msgpack.Encoder()
_jobs = msgspec.msgpack.Decoder(Job)
_answers = msgspec.msgpack.Decoder(Answer)


def encode(message: Job | Answer) -> bytes:
    """One frame."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def frame_length(header: bytes) -> int:
    """How many bytes follow a header of `HEADER_BYTES`."""
    return int(_LENGTH.unpack(header)[0])


HEADER_BYTES = _LENGTH.size


def decode_answer(body: bytes) -> Answer:
    """An answer of the child."""
    answer: Answer = _answers.decode(body)
    return answer


def read_job(stream: BinaryIO) -> Job:
    """The next job; EOFError when the parent has gone."""
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise EOFError
    body = stream.read(frame_length(header))
    job: Job = _jobs.decode(body)
    return job
