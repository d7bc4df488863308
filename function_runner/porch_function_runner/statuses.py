"""The one table from our errors to gRPC's statuses, and the details that go with them.

Pure. The text of a status begins with the error's own words; it is cut in its middle, because the
names are at its beginning and what the function said last is at its end.
"""

import msgspec
from google.protobuf.any_pb2 import Any
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from porch.errors import PorchError, Transient, Waiting
from porch.functions.images import BadImage
from porch.functions.wire.evaluator_pb2 import FailedEvaluation
from porch.kpt.results import result_data
from porch_function_runner.failures import (
    BadRequest,
    FunctionFailed,
    NotServed,
    OutOfTime,
    TooLarge,
)

# The first class that fits decides.
CODES: tuple[tuple[type[PorchError], StatusCode], ...] = (
    (BadRequest, StatusCode.INVALID_ARGUMENT),
    (BadImage, StatusCode.INVALID_ARGUMENT),
    (NotServed, StatusCode.NOT_FOUND),
    (FunctionFailed, StatusCode.INTERNAL),
    (TooLarge, StatusCode.RESOURCE_EXHAUSTED),
    (OutOfTime, StatusCode.DEADLINE_EXCEEDED),
    (Transient, StatusCode.UNAVAILABLE),  # the same call may succeed later
    (Waiting, StatusCode.UNAVAILABLE),
    (PorchError, StatusCode.UNKNOWN),  # an image that cannot be read, a pod that cannot start
)

MAX_TEXT_BYTES = 2 << 10  # with the details below what any client takes as trailing metadata
_CUT = " […] "
_FRAMING_BYTES = 48  # tags and lengths of the fields


def code_of(err: PorchError) -> StatusCode:
    """The status code of an error."""
    return next(code for kind, code in CODES if isinstance(err, kind))


def text_of(err: PorchError) -> str:
    """The text of a status, of at most `MAX_TEXT_BYTES` as it is sent."""
    text = str(err)
    sent_bytes = len(_escaped(text))
    if sent_bytes <= MAX_TEXT_BYTES:
        return text
    half = (MAX_TEXT_BYTES - len(_escaped(_CUT))) * len(text) // sent_bytes // 2
    while half and len(_escaped(text[:half] + _CUT + text[-half:])) > MAX_TEXT_BYTES:
        half = half * 9 // 10
    return text[:half] + _CUT + (text[-half:] if half else "")


def details_of(err: FunctionFailed, *, limit_bytes: int) -> bytes:
    """A serialized google.rpc.Status with what the function said, as much of it as fits.

    The first results come first, then the end of the log.
    """
    encoded = [msgspec.json.encode(result_data(each)) for each in err.results]
    left = limit_bytes - len(_status(err, FailedEvaluation())) - _FRAMING_BYTES
    kept: list[bytes] = []
    for each in encoded:
        left -= len(each) + 1
        if left < 0:
            break
        kept.append(each)
    failed = FailedEvaluation(
        exit_code=err.exit_code,
        results=b"[" + b",".join(kept) + b"]" if kept else b"",
        omitted_results=len(encoded) - len(kept),
        log=err.log[-left:] if left > 0 else b"",
    )
    return _status(err, failed)


def _status(err: FunctionFailed, failed: FailedEvaluation) -> bytes:
    packed = Any()
    packed.Pack(failed)
    status = Status(code=code_of(err).value[0], message=text_of(err), details=[packed])
    return bytes(status.SerializeToString())


def _escaped(text: str) -> str:
    """The text as a header carries it."""
    return "".join(
        chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}"
        for byte in text.encode()
    )
