"""What a registry wants before it answers: the WWW-Authenticate header.

Pure. Source: RFC 9110 11.6.1, and the token scheme of the distribution specification.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Basic:
    """Name and password with every request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token, which `realm` hands out."""

    realm: str  # a URL
    service: str = ""
    scope: str = ""


def challenge(headers: Iterable[str]) -> Basic | Bearer | None:
    """The challenge that we can meet, a token rather than a password; None when there is none."""
    found: Basic | Bearer | None = None
    for header in headers:
        for scheme, parameters in _challenges(header):
            if scheme == "bearer" and parameters.get("realm"):
                return Bearer(
                    realm=parameters["realm"],
                    service=parameters.get("service", ""),
                    scope=parameters.get("scope", ""),
                )
            if scheme == "basic":
                found = Basic()
    return found


def _challenges(header: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(header):
        if found and (parameter := _PARAMETER.match(header, at)):
            name, quoted, plain = parameter.groups()
            value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            found[-1][1].setdefault(name.lower(), value)
            at = parameter.end()
        elif scheme := _SCHEME.match(header, at):
            found.append((scheme[1].lower(), {}))
            at = scheme.end()
        else:
            break  # not a challenge: what was read counts
    return found
