"""Every answer and every failure of the way becomes one of our errors, and says what is next."""

import inspect

import aiohttp
import msgspec
import pytest
from aiohttp import client_exceptions, client_reqrep, http_exceptions
from yarl import URL

from porch.errors import Conflict, Disposition, PorchError
from porch.runtime import apierrors
from porch.runtime.apierrors import ApiError, refusal
from porch.runtime.transport import _LEAKS, unreachable


def status(reason: str = "", message: str = "", **details: object) -> bytes:
    return msgspec.json.encode({"reason": reason, "message": message, "details": details})


@pytest.mark.parametrize(
    ("code", "body", "name", "disposition"),
    [
        (400, status("BadRequest"), "BadRequest", Disposition.STALL),
        (401, status("Unauthorized"), "Unauthorized", Disposition.RETRY),
        (403, status("Forbidden"), "Forbidden", Disposition.WAIT),
        (404, status("NotFound"), "NotFound", Disposition.WAIT),
        (404, b"404 page not found", "NotFound", Disposition.WAIT),
        (405, status("MethodNotAllowed"), "BadRequest", Disposition.STALL),
        (409, status("AlreadyExists"), "AlreadyExists", Disposition.RETRY),
        (409, status("Conflict"), "WriteConflict", Disposition.RETRY),
        (410, status("Expired"), "Expired", Disposition.RETRY),
        (410, status("Gone"), "Expired", Disposition.RETRY),
        (413, status("RequestEntityTooLarge"), "TooLarge", Disposition.STALL),
        (422, status("Invalid"), "Invalid", Disposition.STALL),
        (429, status("TooManyRequests"), "TooManyRequests", Disposition.RETRY),
        (429, b"Too many requests, please try again later.", "TooManyRequests", Disposition.RETRY),
        (500, status("InternalError", "failed calling webhook"), "Unavailable", Disposition.RETRY),
        (500, status(message="etcdserver: request is too large"), "TooLarge", Disposition.STALL),
        (503, b"\xff\xfe upstream", "Unavailable", Disposition.RETRY),
        (504, status("Timeout"), "Unavailable", Disposition.RETRY),
        (302, b"", "BadRequest", Disposition.STALL),
    ],
)
def test_an_answer_says_what_happens_next(
    code: int, body: bytes, name: str, disposition: Disposition
) -> None:
    """A permanent error that is retried and a transient one that is not are both outages."""
    err = refusal("GET /x", code=code, body=body, headers={})

    assert (type(err).__name__, err.disposition, err.status) == (name, disposition, code)


def test_both_lost_races_are_conflicts() -> None:
    """Callers catch one class and read again."""
    for reason in ("AlreadyExists", "Conflict"):
        assert isinstance(refusal("x", code=409, body=status(reason), headers={}), Conflict)


def test_an_invalid_object_keeps_the_servers_causes() -> None:
    """They name the field; a user can act on nothing less."""
    cause = {"reason": "FieldValueInvalid", "field": "spec.lifecycle", "message": "must not skip"}
    err = refusal("PUT /x", code=422, body=status("Invalid", "no", causes=[cause]), headers={})

    assert [(found.field, found.message) for found in err.causes] == [
        ("spec.lifecycle", "must not skip")
    ]


def test_the_longer_of_two_wishes_to_wait_counts() -> None:
    """Priority and fairness sends the header, old evictions the field."""
    body = status("TooManyRequests", retryAfterSeconds=2)
    err = refusal("GET /x", code=429, body=body, headers={"Retry-After": "5"})

    assert err.retry_after is not None
    assert err.retry_after.total_seconds() == 5


def test_a_long_answer_that_is_no_status_is_quoted_in_part() -> None:
    """A proxy's page of HTML must not fill conditions and logs."""
    err = refusal("GET /x", code=502, body=b"<html>" * 1000, headers={})

    assert len(str(err)) < 400


def _classes_of_aiohttp() -> list[type[BaseException]]:
    return [
        found
        for module in (client_exceptions, http_exceptions)
        for found in vars(module).values()
        # A TypeError on a wrong WebSocket message: we open none.
        if inspect.isclass(found)
        and issubclass(found, Exception)
        and found.__module__.startswith("aiohttp")
        and found is not client_exceptions.WSMessageTypeError
    ]


@pytest.mark.parametrize("leak", _classes_of_aiohttp(), ids=lambda leak: leak.__name__)
def test_no_class_of_aiohttp_leaks(leak: type[Exception]) -> None:
    """Callers know our errors only; a new class in aiohttp must be caught as well."""
    assert issubclass(leak, _LEAKS)

    # Made without its arguments, which differ from class to class.
    made = type(leak.__name__, (leak,), {"__init__": lambda _: None, "__str__": lambda _: "x"})
    ours = unreachable("GET /x", made())
    assert isinstance(ours, PorchError)
    assert not type(ours).__module__.startswith("aiohttp")


def test_a_wrong_certificate_is_not_retried() -> None:
    """It is a wrong CA or a wrong server, and somebody should know at once."""
    key = client_reqrep.ConnectionKey("h", 443, True, True, None, None, None)
    err = aiohttp.ClientConnectorCertificateError(key, ValueError("self-signed"))

    assert unreachable("GET /x", err).disposition is Disposition.STALL


def test_a_url_that_is_none_is_a_setting_to_change() -> None:
    """Its text may hold a password: it is not repeated."""
    err = unreachable("GET /x", aiohttp.InvalidURL(URL("http://user:secret@h")))

    assert err.disposition is Disposition.STALL
    assert "secret" not in str(err)


def test_every_error_has_a_reason_of_its_own() -> None:
    """It becomes the reason of a condition and must tell them apart."""
    leaves = [
        found
        for found in vars(apierrors).values()
        if inspect.isclass(found) and issubclass(found, ApiError) and found is not ApiError
    ]
    reasons = [leaf.reason for leaf in leaves]

    assert len(set(reasons)) == len(reasons) == 13
