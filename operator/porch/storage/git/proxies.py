"""The proxy that the environment of the process names for a server.

I/O       reads the environment. NB: not aiohttp's own reading of it, which would take credentials
          from ~/.netrc as well, nor curl's, which passes over `HTTP_PROXY` in capitals: our own
          requests and the git program must go the same way.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_of(url: str) -> str | None:
    """The proxy for an HTTP address; None to go straight."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
