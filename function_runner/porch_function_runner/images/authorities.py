"""Whose certificates are trusted: the system's authorities, and one of the operator's own.

The folder is a mounted Secret: read again when its file changes, so a rotated authority needs no
restart.
Errors  BadAuthority.
"""

import ssl
from pathlib import Path

from porch.errors import Permanent

_NAMES = ("ca.crt", "ca.pem")


class BadAuthority(Permanent):
    """The folder of the private authority does not hold one."""

    reason = "BadAuthority"


class Authorities:
    """A TLS context for requests; `folder` is None for the system's authorities alone."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read = b""
        self._context = ssl.create_default_context()

    def context(self) -> ssl.SSLContext:
        """The context for the authorities as they are now."""
        if self._folder is not None and (content := _content(self._folder)) != self._read:
            context = ssl.create_default_context()
            try:
                context.load_verify_locations(cadata=content.decode())
            except (ssl.SSLError, ValueError) as err:
                raise BadAuthority(
                    f"{self._folder} must hold an authority's certificate in PEM: {err}"
                ) from err
            self._read, self._context = content, context
        return self._context


def _content(folder: Path) -> bytes:
    for name in _NAMES:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as err:
            raise BadAuthority(f"{folder / name} must be readable: {err.strerror}") from err
    raise BadAuthority(
        f"{folder} must hold the authority of the registries as {' or '.join(_NAMES)}, found"
        " neither: mount the Secret, or leave `--enable-private-registries-tls` out"
    )
