"""Addresses of repositories as they may be shown: without user and password. Pure."""

from urllib.parse import urlsplit, urlunsplit


def without_user(url: str) -> str:
    """The URL without user, password, query and fragment; what is no URL stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.scheme or not parts.netloc:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
