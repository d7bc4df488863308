"""What the API server and the way to it can answer, as our errors.

    ApiError
    ├── NotFound          WAIT    the object, its namespace or its kind does not exist
    ├── Forbidden         WAIT    a right is missing; roles give no event, so look again
    ├── Expired           RETRY   the resourceVersion or continue token is too old: list again
    ├── AlreadyExists     RETRY   (Conflict) read the object that is there
    ├── WriteConflict     RETRY   (Conflict) the object, or the owner of a field, changed
    ├── Unauthorized      RETRY   credentials were refused after having been read anew
    ├── TooManyRequests   RETRY   not before `retry_after`
    ├── Unavailable       RETRY   no answer, a broken answer or 5xx; a write MAY have happened
    ├── Untrusted         STALL   the server's certificate does not fit the CA or the name
    ├── Invalid           STALL   422; `causes` are the server's, field by field
    ├── BadRequest        STALL   400 and every other 4xx
    ├── TooLarge          STALL   more than the API server or etcd takes
    └── Malformed         STALL   an answer that is not of the type asked for

Pure. Nothing of aiohttp leaves this package: `unreachable` maps each of its classes.
Values    HTTP status codes, `reason` and `details` of `Status` objects; durations are timedeltas.
Source    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from porch.errors import Conflict, Permanent, PorchError, Transient, Waiting

_TEXT_CHARS = 300  # how much of an answer that is no Status is quoted


class Cause(msgspec.Struct, frozen=True):
    """One field that the server refused."""

    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct, frozen=True, rename="camel"):
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: float = 0


class Status(msgspec.Struct, frozen=True):
    """The API server's own description of a failure."""

    reason: str = ""
    message: str = ""
    code: int = 0
    details: _Details | None = None


class ApiError(PorchError):
    """A call of the API server that did not do what was asked."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        causes: tuple[Cause, ...] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status  # HTTP status, 0 when there was no answer
        self.causes = causes
        self.retry_after = retry_after  # the server's wish; None when it has none


class NotFound(ApiError, Waiting):
    """The object, its namespace or its kind does not exist."""

    reason = "NotFound"


class Forbidden(ApiError, Waiting):
    """Our account lacks a right, or an admission policy refused."""

    reason = "Forbidden"


class Expired(ApiError, Transient):
    """The resourceVersion or the continue token is older than what the server keeps."""

    reason = "Expired"


class AlreadyExists(ApiError, Conflict):
    """Somebody created the object before us."""

    reason = "AlreadyExists"


class WriteConflict(ApiError, Conflict):
    """The object, or the owner of a field, changed between our read and our write."""


class Unauthorized(ApiError, Transient):
    """The API server does not know our credentials."""

    reason = "Unauthorized"


class TooManyRequests(ApiError, Transient):
    """The API server asks for fewer calls, or holds an eviction back."""

    reason = "TooManyRequests"


class Unavailable(ApiError, Transient):
    """No answer, or none that can be used; a write may or may not have happened."""

    reason = "ApiUnavailable"


class Untrusted(ApiError, Permanent):
    """The server cannot prove that it is the one that we were told of."""

    reason = "UntrustedServer"


class Invalid(ApiError, Permanent):
    """The object breaks its schema or a validation rule."""

    reason = "Invalid"


class BadRequest(ApiError, Permanent):
    """The request makes no sense to the server."""

    reason = "BadRequest"


class TooLarge(ApiError, Permanent):
    """The object is larger than the API server or etcd takes."""

    reason = "TooLarge"


class Malformed(ApiError, Permanent):
    """The answer is not of the type that was asked for."""

    reason = "MalformedAnswer"


_BY_REASON: dict[str, type[ApiError]] = {
    "AlreadyExists": AlreadyExists,
    "Conflict": WriteConflict,
    "Expired": Expired,
    "Gone": Expired,
    "Invalid": Invalid,
    "NotFound": NotFound,
    "RequestEntityTooLarge": TooLarge,
    "Timeout": Unavailable,
    "TooManyRequests": TooManyRequests,
}
_BY_CODE: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: WriteConflict,
    410: Expired,
    413: TooLarge,
    422: Invalid,
    429: TooManyRequests,
}
_status_decoder = msgspec.json.Decoder(Status)


def refusal(what: str, *, code: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
    """The error that an answer of 400 or above stands for."""
    status = _status(body)
    details = status.details or _Details()
    return _class_of(status, code)(
        f"{what}: {status.message or 'no message'} ({code})",
        status=code,
        causes=details.causes,
        retry_after=_retry_after(headers.get("Retry-After", ""), details.retry_after_seconds),
    )


def _status(body: bytes) -> Status:
    try:
        return _status_decoder.decode(body)
    except msgspec.DecodeError:
        # Proxies, API Priority and Fairness and the start of a server answer in plain text.
        return Status(message=body[:_TEXT_CHARS].decode("utf-8", "replace").strip())


def _class_of(status: Status, code: int) -> type[ApiError]:
    if "etcdserver: request is too large" in status.message:
        return TooLarge  # answered as 500, and yet no retry will help
    fallback = Unavailable if code >= 500 else BadRequest
    return _BY_REASON.get(status.reason) or _BY_CODE.get(code, fallback)


def _retry_after(header: str, seconds: float) -> timedelta | None:
    """Seconds only: the API server never sends a date here."""
    if header.isascii() and header.isdigit():
        seconds = max(seconds, float(header))
    return timedelta(seconds=seconds) if seconds else None
