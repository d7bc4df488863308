"""What a Secret says of how to get into a repository. Pure.

username, password                         user and password (kubernetes.io/basic-auth)
bearerToken                                a token
ssh-privatekey, known_hosts                a key (kubernetes.io/ssh-auth), for SSH addresses
githubAppID, githubAppInstallationID, githubAppPrivateKey [, githubAppBaseURL]
ca.crt                                     with any of them, or alone: whom to trust besides
"""

import base64
import binascii
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from porch.controllers.credentialerrors import NoCredentials
from porch.controllers.githubapp import PUBLIC_API, AppInstallation
from porch.storage.git.credentials import Credentials, SshKey

CA = "ca.crt"
_BASIC = ("username", "password")
_BEARER = ("bearerToken",)
_SSH = ("ssh-privatekey", "known_hosts")
_APP = ("githubAppID", "githubAppInstallationID", "githubAppPrivateKey")
_KINDS = (_BEARER, _BASIC, _SSH, _APP)


@dataclass(frozen=True, slots=True)
class Found:
    """What a Secret holds."""

    credentials: Credentials | None  # None: those of the App are to be fetched
    app: AppInstallation | None = None
    ca: str = ""


def read(name: str, data: Mapping[str, str], *, is_http: bool) -> Found:
    """The credentials in a Secret's `data`; NoCredentials says what is missing."""
    fields = decoded(name, data)
    ca = certificates(name, fields.get(CA, ""))
    kind: tuple[str, ...] = next((each for each in _KINDS if each[0] in fields), ())
    missing = [each for each in kind if not fields.get(each)]
    if missing:
        raise NoCredentials(f"Secret {name!r} must have {_words(missing)} beside {kind[0]!r}")
    if kind and is_http is (kind == _SSH):
        fitting = "an address such as https://…" if is_http else "one such as ssh://git@…"
        raise NoCredentials(
            f"Secret {name!r} holds {kind[0]!r}, which is of no use for {fitting}; register the "
            "address that goes with it, or name another Secret"
        )
    if kind == _BEARER:
        return Found(Credentials.bearer(fields["bearerToken"]), ca=ca)
    if kind == _BASIC:
        return Found(Credentials.basic(fields["username"], fields["password"]), ca=ca)
    if kind == _SSH:
        key = SshKey(fields["ssh-privatekey"], fields["known_hosts"])
        return Found(Credentials(ssh=key), ca=ca)
    if kind == _APP:
        return Found(None, _app(fields), ca=ca)
    if ca:
        return Found(Credentials(), ca=ca)
    raise NoCredentials(
        f"Secret {name!r} must have {', or '.join(map(_words, (*_KINDS, (CA,))))}; "
        f"found {', '.join(sorted(fields)) or 'nothing'}"
    )


def certificates(name: str, pem: str) -> str:
    """Certificates that can be used, "" for none."""
    if not pem.strip():
        return ""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as err:
        raise NoCredentials(f"{CA!r} of Secret {name!r} must be certificates in PEM") from err
    return pem


def decoded(name: str, data: Mapping[str, str]) -> dict[str, str]:
    """The values of a Secret as text."""
    try:
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
    except (binascii.Error, UnicodeDecodeError) as err:
        raise NoCredentials(f"every value of Secret {name!r} must be UTF-8 text: {err}") from err


def _app(fields: Mapping[str, str]) -> AppInstallation:
    app, installation, key = (fields[each].strip() for each in _APP)
    return AppInstallation(app, installation, key, fields.get("githubAppBaseURL") or PUBLIC_API)


def _words(names: Iterable[str]) -> str:
    return " and ".join(f"'{each}'" for each in names)
