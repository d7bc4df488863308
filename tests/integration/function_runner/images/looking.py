"""Inspectors as tests want them: with a clock to turn, and what a registry needs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from porch.functions.images import Image
from porch_devcluster.images import Image as Content
from porch_function_runner.images.authorities import Authorities
from porch_function_runner.images.contents import Platform
from porch_function_runner.images.credentials import ConfigFile, GivenCredentials, OwnCredentials
from porch_function_runner.images.inspector import ImageInspector, InspectorSettings
from porch_function_runner.images.metadata import ImageMetadata
from porch_function_runner.images.registry import RegistryClient
from porch_function_runner.images.wire import WireSettings, open_wire

AMD = Platform(architecture="amd64")
SETTINGS = InspectorSettings()
BEYOND_FRESH = SETTINGS.fresh_for.total_seconds() + 1
BEYOND_FAILED = SETTINGS.failed_for.total_seconds() + 1


class Clock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Look:
    """An inspector, and its time."""

    inspector: ImageInspector
    clock: Clock

    async def metadata(self, reference: str) -> ImageMetadata:
        return await self.inspector.metadata(Image.parse(reference))

    def pass_time(self, seconds: float = BEYOND_FRESH) -> None:
        self.clock.now += seconds


@asynccontextmanager
async def looking(
    *,
    credentials: Path | None = None,
    authority: Path | None = None,
    platforms: Sequence[Platform] = (AMD,),
    wire: WireSettings | None = None,
    proxy: str | None = None,
) -> AsyncIterator[Look]:
    """An inspector with a docker config, a folder of an authority and a proxy, or without."""
    clock = Clock()
    given = GivenCredentials([ConfigFile(credentials)]) if credentials else OwnCredentials(())
    trust = Authorities(authority).context
    opening = open_wire(wire or WireSettings(), trust=trust, proxy_of=lambda _: proxy)
    async with opening as opened:
        client = RegistryClient(opened, given, clock=clock)
        yield Look(ImageInspector(client, platforms=platforms, clock=clock), clock)


def write_config(path: Path, host: str, user: str, password: str) -> None:
    """A docker config with one entry, replaced as a mounted Secret is."""
    entry = {"username": user, "password": password}
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps({"auths": {host: entry}}))
    aside.rename(path)


def content(*entrypoint: str, architecture: str = "amd64") -> Content:
    """An image without files."""
    return Content(entrypoint=entrypoint, architecture=architecture)
