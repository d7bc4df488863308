"""What the render pool and its workers say to each other: frames of MessagePack.

Pure. A frame is a 4-byte big-endian length and that many bytes. One job at a time: the pool sends a
`RenderJob`; the worker answers with any number of `Started` and then `Finished` or `Broken`. It
says `Ready` once, before its first job.
"""

import struct

import msgspec

from porch.api.functionconfig import FunctionConfigSpec

_LENGTH = struct.Struct(">I")
HEADER_BYTES = _LENGTH.size

Texts = dict[str, str]  # path from the root package -> text


class RenderJob(msgspec.Struct, frozen=True):
    """Render this package, its functions chosen by these configs."""

    texts: Texts
    configs: tuple[FunctionConfigSpec, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker is warm."""


class Started(msgspec.Struct, frozen=True, tag="started"):
    """A function begins."""

    title: str


class Ran(msgspec.Struct, frozen=True):
    """One function that ran."""

    title: str
    exit_code: int
    milliseconds: int


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The render ended; `texts` is the rendered package, or empty when it failed."""

    texts: Texts
    error: str  # "" when it succeeded
    functions: tuple[Ran, ...]
    results: bytes  # JSON of a FunctionResultList, b"" when no function ran


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The render ended in an error that is not the package's fault."""

    reason: str
    message: str


Answer = Ready | Started | Finished | Broken

_encoder = msgspec.msgpack.Encoder()
_jobs = msgspec.msgpack.Decoder(RenderJob)
_answers = msgspec.msgpack.Decoder(Answer)


def encode(message: RenderJob | Answer) -> bytes:
    """One frame."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_bytes(header: bytes) -> int:
    """How many bytes follow a header."""
    return int(_LENGTH.unpack(header)[0])


def decode_job(body: bytes) -> RenderJob:
    """The job in a frame's body."""
    return _jobs.decode(body)


def decode_answer(body: bytes) -> Answer:
    """The answer in a frame's body."""
    answer: Answer = _answers.decode(body)
    return answer
