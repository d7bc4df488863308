"""What git servers send when somebody pushed: whether it is theirs, and which repository. Pure.

    GitHub, Gitea, Forgejo   HMAC-SHA256 of the body in a header
    Bitbucket                the same; Cloud and Data Center differ in the body
    GitLab                   the secret itself in a header
    anything else            {"url": "https://…"}, with the HMAC in X-Porch-Signature, or the secret
                             as bearer token

Nothing of a body is trusted but the addresses, and those only wake a listing.
Errors    NotSigned, NotUnderstood: they end in the answer, as texts for the one who set the hook
          up; no secret is in them.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

_SIGNATURES = (
    "X-Porch-Signature",
    "X-Hub-Signature-256",
    "X-Hub-Signature",
    "X-Gitea-Signature",
    "X-Forgejo-Signature",
)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418}


class NotSigned(ValueError):
    """The sender does not prove that it has the secret."""


class NotUnderstood(ValueError):
    """The body names no repository."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, whichever protocol or credentials its address has."""

    host: str  # lower case, with a port that is not the protocol's own
    path: str  # without slashes at its ends, ".git" and letter case


class _Link(msgspec.Struct):
    href: str = ""


class _Links(msgspec.Struct):
    html: _Link | None = None  # Bitbucket Cloud
    clone: list[_Link] = []  # Bitbucket Data Center


class _Repository(msgspec.Struct):
    clone_url: str = ""
    ssh_url: str = ""
    git_url: str = ""
    html_url: str = ""
    git_http_url: str = ""  # GitLab
    git_ssh_url: str = ""
    links: _Links | None = None


class _Payload(msgspec.Struct):
    url: str = ""
    repository: _Repository | None = None
    project: _Repository | None = None  # GitLab


def check(headers: Mapping[str, str], body: bytes, secret: bytes) -> None:
    """Raise NotSigned unless the sender has the secret; as long whatever was sent."""
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    for name in _SIGNATURES:
        if name in headers:
            found = headers[name].removeprefix("sha256=").strip().lower()
            if _is_same(found, expected):
                return
            raise NotSigned(
                f"{name} must be the HMAC-SHA256 of the body with the secret of this receiver; it "
                "is another one. Compare the secrets, and whether something on the way changes "
                "bodies"
            )
    token = headers.get("X-Gitlab-Token") or headers.get("Authorization", "")
    if not token:
        raise NotSigned(
            f"the request must be signed ({', '.join(_SIGNATURES)}) or have a token "
            "(X-Gitlab-Token, Authorization: Bearer); it has none. Give the hook its secret"
        )
    if not _is_same(token.removeprefix("Bearer ").strip(), secret.decode(errors="replace")):
        raise NotSigned("the token must be the secret of this receiver; it is another one")


def places_of(body: bytes) -> frozenset[Place]:
    """The addresses of the repository that was pushed to."""
    try:
        payload = msgspec.json.decode(body, type=_Payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise NotUnderstood(
            f"the body must be JSON as GitHub, GitLab, Gitea or Bitbucket send it ('Content type: "
            f'application/json\'), or {{"url": …}}: {err}'
        ) from err
    found = frozenset(filter(None, map(place_of, filter(None, _urls(payload)))))
    if not found:
        raise NotUnderstood(
            "the body must name the repository, as `repository.clone_url`, "
            "`project.git_http_url`, `repository.links` or `url`; it names none"
        )
    return found


def place_of(url: str) -> Place | None:
    """A repository by its address; None when it is none."""
    if "://" not in url:  # git@host:path
        host, colon, path = url.rpartition("@")[2].partition(":")
        return Place(host.lower(), _plain(path)) if colon and host and path else None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    host = parts.hostname if is_default else f"{parts.hostname}:{port}"
    return Place(host, _plain(parts.path))


def _urls(payload: _Payload) -> Iterator[str]:
    yield payload.url
    for each in (payload.repository, payload.project):
        if each is not None:
            yield from (each.clone_url, each.ssh_url, each.git_url, each.html_url)
            yield from (each.git_http_url, each.git_ssh_url)
            if each.links is not None:
                yield each.links.html.href if each.links.html is not None else ""
                yield from (link.href for link in each.links.clone)


def _plain(path: str) -> str:
    return path.strip("/").removesuffix(".git").lower()


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
