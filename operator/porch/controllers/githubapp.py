"""Tokens of GitHub App installations: a signed proof of the App is exchanged for one.

A token is good for an hour; it is shared by all repositories of the installation and replaced
before it ends, or when a server refused it.
I/O       one request a token, to the API of GitHub or of an Enterprise server.
Secrets   the App's key is used for signing only; tokens are in memory only.
Errors    NoCredentials when the Secret or GitHub's answer is of no use, Unreachable when the API
          does not answer.
Source    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp
import jwt
import msgspec

from porch.controllers.credentialerrors import NoCredentials
from porch.runtime.proxies import proxy_of, words_of
from porch.storage.adapter import Unreachable
from porch.storage.git.credentials import EARLY, Credentials

PUBLIC_API = "https://api.github.com"
PROOF_LASTS = timedelta(minutes=9)  # GitHub refuses more than ten
CLOCK_SKEW = timedelta(seconds=60)  # between this machine and GitHub
TIMEOUT = aiohttp.ClientTimeout(total=20)
MAX_TOKENS = 1000  # remembered


@dataclass(frozen=True, slots=True)
class AppInstallation:
    """One GitHub App where it is installed."""

    app: str
    installation: str
    private_key: str = field(repr=False)
    api: str = PUBLIC_API

    @property
    def identity(self) -> tuple[str, ...]:
        """What a token belongs to; the key itself is not kept."""
        key = hashlib.sha256(self.private_key.encode()).hexdigest()
        return (self.api, self.app, self.installation, key)


class _Token(msgspec.Struct):
    token: str
    expires_at: datetime


class AppTokens:
    """The tokens of all installations that are in use."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[tuple[str, ...], Credentials] = {}

    async def credentials(self, app: AppInstallation, refused: Credentials | None) -> Credentials:
        """A token that lasts for a while, and is not the one that was refused."""
        known = self._known.get(app.identity)
        if known is not None and known.until is not None:
            was_refused = refused is not None and refused.authorization == known.authorization
            if not was_refused and known.until - self._now() > EARLY:
                return known
        found = await self._exchanged(app)
        while len(self._known) >= MAX_TOKENS:
            self._known.pop(next(iter(self._known)))
        self._known[app.identity] = found
        return found

    async def _exchanged(self, app: AppInstallation) -> Credentials:
        url = f"{app.api.rstrip('/')}/app/installations/{app.installation}/access_tokens"
        headers = {
            "Authorization": f"Bearer {self._proof(app)}",
            "Accept": "application/vnd.github+json",
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.post(
                    url, headers=headers, allow_redirects=False, proxy=proxy_of(url)
                ) as response,
            ):
                body = await response.content.read(1 << 16)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as err:
            words = f"{app.api} does not answer: {words_of(err) or 'no answer in time'}"
            raise Unreachable(f"{words}; a GitHub App needs it for its tokens") from err
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"{url} answers HTTP {status}; it is tried again")
        if status != HTTPStatus.CREATED:
            raise NoCredentials(
                f"{url} gives no token (HTTP {status}); check 'githubAppID', "
                "'githubAppInstallationID' and 'githubAppPrivateKey' of the Secret, and that the "
                "App is installed for the repository"
            )
        return _credentials(body, url)

    def _proof(self, app: AppInstallation) -> str:
        now = self._now()
        claims = {"iat": now - CLOCK_SKEW, "exp": now + PROOF_LASTS, "iss": app.app}
        try:
            return jwt.encode(claims, app.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as err:
            raise NoCredentials(
                "'githubAppPrivateKey' must be an RSA private key in PEM, as GitHub gives it for "
                "download"
            ) from err


def _credentials(body: bytes, url: str) -> Credentials:
    try:
        found = msgspec.json.decode(body, type=_Token)
    except msgspec.DecodeError as err:
        raise NoCredentials(f"{url} must answer with a token, and did not: {err}") from err
    basic = Credentials.basic("x-access-token", found.token)
    return Credentials(basic.authorization, until=found.expires_at)
