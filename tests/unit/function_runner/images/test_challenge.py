"""What a registry wants is read from its header, in all the forms that are about."""

from __future__ import annotations

import pytest

from porch_function_runner.images.challenge import Basic, Bearer, challenge

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ('Basic realm="it"', Basic()),
        ("basic", Basic()),
        (
            f'Bearer realm="{REALM}",service="reg",scope="repository:a/b:pull"',
            Bearer(realm=REALM, service="reg", scope="repository:a/b:pull"),
        ),
        (f"Bearer realm={REALM}, service=reg", Bearer(realm=REALM, service="reg")),
        (f'Basic realm="x", Bearer realm="{REALM}"', Bearer(realm=REALM)),
        (f'Bearer realm="{REALM}",scope="repository:a:pull,push"',
         Bearer(realm=REALM, scope="repository:a:pull,push")),
        (r'Bearer realm="a\"b"', Bearer(realm='a"b')),
        ('Negotiate, Basic realm="x"', Basic()),
        ("Bearer", None),
        ('Digest realm="x"', None),
        ("", None),
        ("=?=,", None),
    ],
)  # fmt: skip
def test_a_token_is_preferred_to_a_password(header: str, wanted: Basic | Bearer | None) -> None:
    """A password crosses the wire once for many requests then."""
    assert challenge([header]) == wanted
