"""Which Secrets are credentials, and what is told of those that are none."""

from __future__ import annotations

import base64

import pytest

from porch.controllers.credentialerrors import NoCredentials
from porch.controllers.secretkinds import read
from porch.storage.git.credentials import Credentials, SshKey

JOE = {"username": "joe", "password": "x:y"}
APP = {"githubAppID": "1", "githubAppInstallationID": "2", "githubAppPrivateKey": "pem"}


def data(**fields: str) -> dict[str, str]:
    """The `data` of a Secret; `_` stands for what a name in Python cannot have."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in fields.items()}


def test_user_and_password() -> None:
    """kubernetes.io/basic-auth; the password may be a token of the host."""
    found = read("s", data(**JOE), is_http=True)

    assert found.credentials == Credentials.basic("joe", "x:y")


def test_a_bearer_token_counts_before_a_password() -> None:
    """It is what somebody added on purpose."""
    found = read("s", data(**JOE, bearerToken="t"), is_http=True)

    assert found.credentials == Credentials.bearer("t")


def test_a_key_goes_with_the_host_keys_that_it_is_shown_to() -> None:
    """kubernetes.io/ssh-auth, and one field more."""
    fields = {"ssh-privatekey": "key", "known_hosts": "host ssh-ed25519 AAAA"}
    found = read("s", data(**fields), is_http=False)

    assert found.credentials == Credentials(ssh=SshKey("key", "host ssh-ed25519 AAAA"))


def test_an_app_is_to_be_exchanged_for_a_token() -> None:
    """By the public API, unless the Secret names another one."""
    found = read("s", data(**APP, githubAppBaseURL="https://ghe/api/v3"), is_http=True)

    assert found.credentials is None
    assert found.app is not None
    assert (found.app.app, found.app.installation, found.app.api) == (
        "1",
        "2",
        "https://ghe/api/v3",
    )


@pytest.mark.parametrize(
    ("fields", "is_http", "words"),
    [
        ({}, True, "must have 'bearerToken', or 'username' and 'password'.*found nothing"),
        ({"token": "x"}, True, "found token"),
        ({"username": "joe"}, True, "must have 'password' beside 'username'"),
        ({"username": "joe", "password": ""}, True, "must have 'password'"),
        ({"ssh-privatekey": "key"}, False, "must have 'known_hosts' beside 'ssh-privatekey'"),
        ({"ssh-privatekey": "k", "known_hosts": "h"}, True, "of no use for an address such as htt"),
        ({"username": "joe", "password": "x"}, False, "of no use for one such as ssh://"),
        ({"ca.crt": "no certificate"}, True, "'ca.crt' of Secret 's' must be certificates"),
    ],
)
def test_a_secret_of_no_use_says_what_it_must_have(
    fields: dict[str, str], is_http: bool, words: str
) -> None:
    """Names only, never values."""
    with pytest.raises(NoCredentials, match=words):
        read("s", data(**fields), is_http=is_http)


def test_bytes_that_are_no_text_are_told() -> None:
    """Somebody encoded twice, or pasted a key in DER."""
    with pytest.raises(NoCredentials, match="must be UTF-8 text"):
        read("s", {"password": base64.b64encode(b"\xff\xfe").decode()}, is_http=True)
