"""Where an image is: the registry, and what it is asked for.

Pure. Rules of Docker's references: the first part of the name is a host when it has a dot or a
colon or is `localhost`; without one it is Docker Hub, whose own images are in `library/`.
"""

import ipaddress
from dataclasses import dataclass
from typing import Final, Self

from porch.functions.images import Image

DOCKER_HUB: Final = "index.docker.io"  # as credentials name it
_HUB_NAMES: Final = frozenset({"docker.io", DOCKER_HUB, "registry-1.docker.io"})
_HUB_SERVER: Final = "registry-1.docker.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One image in one registry."""

    host: str  # and port; names the credentials
    path: str
    reference: str  # a digest, else a tag
    image: str  # as people wrote it

    @classmethod
    def of(cls, image: Image) -> Self:
        """Where the image is; one with tag and digest is asked for by its digest."""
        repository = f"{image.repository}/{image.name}" if image.repository else image.name
        first, slash, rest = repository.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost"):
            host, path = first, rest
        else:
            host, path = DOCKER_HUB, repository
        if host in _HUB_NAMES:
            host = DOCKER_HUB
            path = path if "/" in path else f"library/{path}"
        return cls(host=host, path=path, reference=image.digest or image.tag, image=str(image))

    @property
    def server(self) -> str:
        """The host that speaks the registry's protocol."""
        return _HUB_SERVER if self.host == DOCKER_HUB else self.host

    @property
    def is_pinned(self) -> bool:
        """Whether the content can never be another."""
        return ":" in self.reference


def may_be_plain(host: str) -> bool:
    """Whether HTTP without TLS is acceptable: on this machine, or in a private network."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost" or name.endswith((".localhost", ".local")):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or address.is_private
