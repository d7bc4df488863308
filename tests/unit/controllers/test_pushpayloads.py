"""Push events as the servers send them: whose they are, and which repository they are about."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from porch.controllers.pushpayloads import (
    NotSigned,
    NotUnderstood,
    Place,
    check,
    place_of,
    places_of,
)

SECRET = b"sesame"
HERE = Place("git.example.org", "team/packages")

PAYLOADS: dict[str, dict[str, object]] = {
    "GitHub": {
        "ref": "refs/heads/main",
        "repository": {
            "id": 1,
            "full_name": "team/packages",
            "clone_url": "https://git.example.org/team/packages.git",
            "ssh_url": "git@git.example.org:team/packages.git",
            "git_url": "git://git.example.org/team/packages.git",
            "html_url": "https://git.example.org/team/packages",
        },
    },
    "GitLab": {
        "object_kind": "push",
        "project": {
            "git_http_url": "https://git.example.org/team/packages.git",
            "git_ssh_url": "git@git.example.org:team/packages.git",
        },
        "repository": {"name": "packages", "url": "git@git.example.org:team/packages.git"},
    },
    "Gitea": {
        "repository": {
            "clone_url": "https://git.example.org/team/packages.git",
            "ssh_url": "ssh://git@git.example.org:22/team/packages.git",
        },
    },
    "Bitbucket Cloud": {
        "repository": {"links": {"html": {"href": "https://git.example.org/team/packages"}}},
    },
    "Bitbucket Data Center": {
        "eventKey": "repo:refs_changed",
        "repository": {
            "links": {
                "clone": [{"href": "https://git.example.org/team/packages.git", "name": "http"}],
                "self": [{"href": "https://git.example.org/projects/team/repos/packages/browse"}],
            }
        },
    },
    "anything else": {"url": "https://git.example.org/team/packages.git"},
}


@pytest.mark.parametrize("server", PAYLOADS)
def test_every_server_names_its_repository(server: str) -> None:
    """By all of its addresses, which are the same place."""
    assert places_of(json.dumps(PAYLOADS[server]).encode()) == {HERE}


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/team/packages.git",
        "https://joe:secret@GIT.example.org/team/packages/",
        "https://git.example.org:443/Team/Packages",
        "ssh://git@git.example.org/team/packages.git",
        "git@git.example.org:team/packages.git",
    ],
)
def test_one_repository_has_many_addresses(url: str) -> None:
    """What was registered and what the server sends need not be letter for letter the same."""
    assert place_of(url) == HERE


@pytest.mark.parametrize("url", ["", "packages", "https://", "https://host:port/x", "/a/b"])
def test_what_is_no_address_is_no_place(url: str) -> None:
    """Nothing is woken by it."""
    assert place_of(url) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"payload=%7B%7D", b"{}", b'{"url": 1}', b"\xff"])
def test_a_body_that_names_nothing_is_told(body: bytes) -> None:
    """Forms are a choice of GitHub's hooks that is easily made by mistake."""
    with pytest.raises(NotUnderstood, match="the body must"):
        places_of(body)


def signed(body: bytes, secret: bytes = SECRET) -> str:
    """The HMAC as servers compute it."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Hub-Signature-256", "sha256=" + signed(b"body")),  # GitHub
        ("X-Hub-Signature", "sha256=" + signed(b"body")),  # Bitbucket
        ("X-Gitea-Signature", signed(b"body")),
        ("X-Porch-Signature", signed(b"body")),
        ("X-Gitlab-Token", "sesame"),
        ("Authorization", "Bearer sesame"),
    ],
)
def test_who_has_the_secret_is_heard(header: str, value: str) -> None:
    """In each server's way."""
    check({header: value}, b"body", SECRET)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "must be signed"),
        ({"X-Hub-Signature-256": "sha256=" + signed(b"other")}, "Compare the secrets"),
        ({"X-Hub-Signature-256": "sha256=" + signed(b"body", b"x")}, "X-Hub-Signature-256 must"),
        ({"X-Hub-Signature-256": "ü"}, "X-Hub-Signature-256 must"),
        ({"X-Gitlab-Token": "wrong"}, "the token must be"),
        ({"X-Hub-Signature": "sha1=ab", "X-Gitlab-Token": "sesame"}, "X-Hub-Signature must"),
    ],
)
def test_who_has_not_is_told_what_to_do(headers: dict[str, str], words: str) -> None:
    """Without the secret, nor what was found in its place."""
    with pytest.raises(NotSigned, match=words) as refused:
        check(headers, b"body", SECRET)
    assert "sesame" not in str(refused.value)
