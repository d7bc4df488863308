"""Manifests, indexes and configurations of images, decoded leniently.

Pure. OCI's and Docker's kinds have the same shape. Content is addressed by the hash of its bytes,
so what was asked for by digest is checked against it.
Errors  UnreadableImage, WrongPlatform, WrongDigest.
Source  the image specification of OCI; Docker's image manifest version 2, schema 2.
"""

import hashlib
import platform as machine
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

import msgspec

from porch_function_runner.images.failures import UnreadableImage, WrongDigest, WrongPlatform

MANIFEST_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
INDEX_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
ACCEPTED: Final = ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))

T = TypeVar("T")

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_UNKNOWN = "unknown"  # how builders mark an index' entries that are no images


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What a machine is, as images name it."""

    os: str = "linux"
    architecture: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`linux/amd64`; a variant after it is not looked at."""
        os, _, rest = text.partition("/")
        return cls(os=os, architecture=rest.partition("/")[0])

    @classmethod
    def of_this_machine(cls) -> Self:
        """The platform that this process runs on."""
        name = machine.machine()
        return cls(architecture=_ARCHITECTURES.get(name, name))

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


class _WirePlatform(msgspec.Struct, frozen=True):
    os: str = ""
    architecture: str = ""


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A reference to content."""

    digest: str
    media_type: str = ""
    platform: _WirePlatform | None = None


class Manifest(msgspec.Struct, frozen=True):
    """One image; what is read of it is where its configuration is."""

    config: Descriptor


class Index(msgspec.Struct, frozen=True):
    """Several images, one a platform."""

    manifests: list[Descriptor]


class _Run(msgspec.Struct, frozen=True):
    """Null is the same as absent; the names are capitalised on the wire."""

    entrypoint: list[str] | None = msgspec.field(default=None, name="Entrypoint")
    cmd: list[str] | None = msgspec.field(default=None, name="Cmd")
    env: list[str] | None = msgspec.field(default=None, name="Env")
    working_dir: str = msgspec.field(default="", name="WorkingDir")
    user: str = msgspec.field(default="", name="User")


class Config(msgspec.Struct, frozen=True):
    """How an image is run."""

    os: str = ""
    architecture: str = ""
    config: _Run | None = None

    @property
    def platform(self) -> Platform:
        return Platform(os=self.os, architecture=self.architecture)

    @property
    def run(self) -> _Run:
        return self.config or _Run()


def decode(content: bytes, media_type: str, *, image: str) -> Manifest | Index:
    """What a reference leads to, by the type that the registry gives or the content names."""
    kind = media_type.partition(";")[0].strip()
    if kind in INDEX_TYPES:
        return _decoded(content, Index, image)
    if kind in MANIFEST_TYPES:
        return _decoded(content, Manifest, image)
    raise UnreadableImage(image, f"content of type {kind!r}")


def decode_config(content: bytes, *, image: str) -> Config:
    """The configuration of one image."""
    return _decoded(content, Config, image)


def choose(index: Index, platforms: Sequence[Platform], *, image: str) -> Descriptor:
    """The image for the first of the platforms that the index has one for."""
    for wanted in platforms:
        for each in index.manifests:
            if each.platform is not None and _platform(each.platform) == wanted:
                return each
    there = [_platform(each.platform) for each in index.manifests if each.platform is not None]
    names = sorted({str(each) for each in there if each.architecture != _UNKNOWN})
    raise _wrong(platforms, found=", ".join(names) or "none", image=image)


def check_platform(config: Config, platforms: Sequence[Platform], *, image: str) -> None:
    """Raise WrongPlatform for an image of other machines; one that does not say is taken."""
    if config.architecture and config.platform not in platforms:
        raise _wrong(platforms, found=str(config.platform), image=image)


def check_digest(content: bytes, wanted: str, *, image: str) -> None:
    """Raise WrongDigest when the content is another."""
    algorithm, _, _ = wanted.partition(":")
    if algorithm not in ("sha256", "sha512"):
        raise UnreadableImage(image, f"a digest of the unknown kind {algorithm!r}")
    found = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    if found != wanted:
        raise WrongDigest(image, wanted=wanted, found=found)


def digest_of(content: bytes) -> str:
    """The digest of content that was asked for by a tag."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _platform(found: _WirePlatform) -> Platform:
    return Platform(os=found.os, architecture=found.architecture)


def _wrong(platforms: Sequence[Platform], *, found: str, image: str) -> WrongPlatform:
    wanted = " or ".join(str(each) for each in platforms)
    return WrongPlatform(image, wanted=wanted, found=found)


def _decoded(content: bytes, kind: type[T], image: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as err:
        raise UnreadableImage(image, f"content that does not decode: {err}") from err
