"""The one request of GitHub's API that a GitHub App needs, answered as GitHub does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

APP = "12345"
INSTALLATION = "67890"
UNTIMED: Options = {"verify_exp": False, "verify_iat": False}  # the clock is the test's


class TokenServer:
    """Gives tokens to who holds the key of the App."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""
        self.given: list[str] = []  # tokens, oldest first
        self.lasts = timedelta(hours=1)

    @property
    def private_key(self) -> str:
        """As GitHub gives it for download."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    async def answer(self, request: web.Request) -> web.Response:
        """A token, or 401 for a proof that does not hold."""
        proof = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(proof, self._key.public_key(), ["RS256"], options=UNTIMED)
        except jwt.PyJWTError:
            return web.json_response({"message": "Bad credentials"}, status=401)
        is_known = claims["iss"] == APP and request.match_info["installation"] == INSTALLATION
        is_fresh = claims["iat"] <= self._now().timestamp() < claims["exp"] <= claims["iat"] + 600
        if not is_known or not is_fresh:
            return web.json_response({"message": "Integration not found"}, status=404)
        self.given.append(f"ghs_{len(self.given)}")
        until = self._now() + self.lasts
        body = {"token": self.given[-1], "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return web.json_response(body, status=201)


@asynccontextmanager
async def token_server(now: Callable[[], datetime]) -> AsyncIterator[TokenServer]:
    """Serve until the end of the block."""
    server = TokenServer(now)
    app = web.Application()
    app.router.add_post("/app/installations/{installation}/access_tokens", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()
