"""The head of a CGI answer, as git http-backend writes it."""

from __future__ import annotations

from porch_devcluster.gitserver.cgi import Head, parse_head


def test_without_a_status_all_is_well() -> None:
    """RFC 3875: no `Status` means 200."""
    raw = b"Expires: Fri, 01 Jan 1980 00:00:00 GMT\r\nContent-Type: application/x-git\r\n\r\n"

    assert parse_head(raw) == Head(
        200,
        (("Expires", "Fri, 01 Jan 1980 00:00:00 GMT"), ("Content-Type", "application/x-git")),
    )


def test_a_status_is_the_answers_and_no_header() -> None:
    """git says `Status: 404 Not Found`; a client must see 404 and no header of that name."""
    assert parse_head(b"Status: 404 Not Found\r\nPragma: no-cache\r\n\r\n") == Head(
        404, (("Pragma", "no-cache"),)
    )
