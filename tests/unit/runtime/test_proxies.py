"""Which way requests go, as the environment says, and what may be told of a proxy."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from porch.runtime.proxies import proxy_of, words_of

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("env", "way"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"ALL_PROXY": "http://other.example", "HTTPS_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": "http://other.example", "https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, None),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
    ],
)
def test_the_proxy_is_that_of_the_scheme(env: dict[str, str], way: str | None) -> None:
    """Lower case first, as curl has it; a proxy without a scheme speaks HTTP."""
    assert proxy_of("https://registry.example/v2/", env) == way


@pytest.mark.parametrize(
    ("url", "excepted"),
    [
        ("https://registry.example/v2/", "registry.example"),
        ("https://registry.example:5000/v2/", "registry.example"),
        ("https://registry.example:5000/v2/", "registry.example:5000"),
        ("https://git.team.svc/x", "localhost, .svc"),
        ("https://git.team.svc/x", "svc"),
        ("https://user@registry.example/v2/", "registry.example"),
        ("https://10.96.7.1:5000/v2/", "10.96.0.0/12"),
        ("https://[fd00::7]/v2/", "10.0.0.0/8,fd00::/8"),
        ("https://registry.example/v2/", "*"),
    ],
)
def test_what_is_excepted_is_gone_to_straight(url: str, excepted: str) -> None:
    """Hosts, domains and, as clusters are described, networks."""
    assert proxy_of(url, {"ALL_PROXY": PROXY, "NO_PROXY": excepted}) is None


@pytest.mark.parametrize(
    "excepted", ["", "other.example", "istry.example", "10.0.0.0/8", "not/a/network"]
)
def test_all_else_goes_by_the_proxy(excepted: str) -> None:
    """Also when the exceptions cannot be read: a name is no network."""
    for url in ("https://registry.example/v2/", "https://192.0.2.1/v2/"):
        assert proxy_of(url, {"ALL_PROXY": PROXY, "NO_PROXY": excepted}) == PROXY


@pytest.mark.process
async def test_the_password_of_a_proxy_is_not_told() -> None:
    """A refusal is written into conditions, which many may read."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
                await session.get("https://x.invalid/", proxy=f"http://me:secret@127.0.0.1:{port}")

    assert words_of(refused.value) == "the proxy answers 407 Proxy Authentication Required"
