"""The proxy that the environment of a process names for a server, and what it says of a failure.

Values    `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`; `NO_PROXY` lists hosts, domains with all that is
          below them, networks (10.96.0.0/12), or is `*`. Names in lower case come first.
Pure      but for the environment, where none is given. NB: not aiohttp's own reading of it, which
          would take credentials from ~/.netrc as well, nor curl's, which passes over `HTTP_PROXY`
          in capitals: all our requests and the git program must go the same way.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import aiohttp

_SUFFIX = "_proxy"


def proxy_of(url: str, env: Mapping[str, str] = os.environ) -> str | None:
    """The proxy for an HTTP address; None to go straight."""
    parts = urlsplit(url)
    named = _named(env)
    place = parts.netloc.rpartition("@")[2].lower()
    if _is_excepted(parts.hostname or "", place, named.get("no", "")):
        return None
    proxy = named.get(parts.scheme) or named.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def words_of(err: Exception) -> str:
    """What is said of a request that failed; "" when nothing is.

    NB: the words of aiohttp for a proxy that refuses hold its address with user and password.
    """
    if isinstance(err, aiohttp.ClientHttpProxyError):
        return f"the proxy answers {err.status} {err.message}"
    return str(err)


def _named(env: Mapping[str, str]) -> dict[str, str]:
    """The values by scheme; an empty one in lower case takes that in capitals away."""
    in_order = sorted((name for name in env if name.lower().endswith(_SUFFIX)), key=str.islower)
    return {name.lower().removesuffix(_SUFFIX): env[name] for name in in_order}


def _is_excepted(host: str, place: str, exceptions: str) -> bool:
    entries = [each.strip().lower() for each in exceptions.split(",")]
    return any(_fits(each, host, place) for each in entries if each)


def _fits(entry: str, host: str, place: str) -> bool:
    if "/" in entry:
        return _holds(entry, host)
    name = entry.removeprefix(".")
    return entry == "*" or name in (host, place) or host.endswith(f".{name}")


def _holds(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:  # a name is in no network
        return False
