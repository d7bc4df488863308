"""Image metadata on demand: read once, remembered, and asked now and then whether it still holds.

A pinned image is never asked for again, for it cannot change. Of another one the registry is asked
whether the tag has moved, once `fresh_for` has passed; while it does not answer, what is known
counts on, because pods of the image run on as well. A failure is remembered for a moment, so that
a broken image does not become a load of requests. Callers of one image share one look at it.
Errors    those of `failures`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from weakref import WeakValueDictionary

from porch.errors import PorchError, Transient
from porch.functions.images import Image
from porch_function_runner.images.contents import (
    Index,
    Platform,
    check_platform,
    choose,
    decode,
    decode_config,
)
from porch_function_runner.images.failures import NoCommand, UnreadableImage
from porch_function_runner.images.location import Location
from porch_function_runner.images.metadata import ImageMetadata
from porch_function_runner.images.recent import Recent
from porch_function_runner.images.registry import Content, RegistryClient

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectorSettings:
    """How long what was read is believed."""

    fresh_for: timedelta = timedelta(minutes=1)  # without asking the registry
    failed_for: timedelta = timedelta(seconds=5)  # a failure is the answer without asking again
    most_images: int = 512  # remembered


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: ImageMetadata
    content: Content
    since: float  # when the registry said so


@dataclass(frozen=True, slots=True)
class _Failed:
    error: PorchError
    since: float


class ImageInspector:
    """Metadata of images, for machines of certain platforms."""

    def __init__(
        self,
        registry: RegistryClient,
        *,
        platforms: Sequence[Platform],
        settings: InspectorSettings = InspectorSettings(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._platforms = platforms
        self._settings = settings
        self._clock = clock
        self._known: Recent[str, _Known] = Recent(settings.most_images)
        self._failed: Recent[str, _Failed] = Recent(settings.most_images)
        self._looks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def command(self, image: Image) -> Sequence[str]:
        """What is run for a call of the image's function; NoCommand when there is nothing."""
        metadata = await self.metadata(image)
        if not metadata.command:
            raise NoCommand(str(image))
        return metadata.command

    async def metadata(self, image: Image) -> ImageMetadata:
        """What the image's registry says of it."""
        location = Location.of(image)
        lock = self._looks.setdefault(location.image, asyncio.Lock())
        async with lock:
            known = self._known.get(location.image)
            if known is not None and self._is_fresh(location, known):
                return known.metadata
            self._check_failed(location)
            try:
                found = await self._look(location, known)
            except PorchError as err:
                self._failed.put(location.image, _Failed(err, self._clock()))
                if known is None or not isinstance(err, Transient):
                    self._known.drop(location.image)
                    raise
                logger.warning(
                    "an image cannot be asked for again: what is known of it counts on",
                    extra={"image": location.image, "error": str(err)},
                )
                return known.metadata
            self._failed.drop(location.image)
            self._known.put(location.image, found)
            return found.metadata

    def _is_fresh(self, location: Location, known: _Known) -> bool:
        age = self._clock() - known.since
        failed = self._failed.get(location.image)
        return (
            location.is_pinned
            or age < self._settings.fresh_for.total_seconds()
            or (failed is not None and self._is_recent(failed))
        )

    def _check_failed(self, location: Location) -> None:
        failed = self._failed.get(location.image)
        if failed is not None and self._is_recent(failed):
            raise failed.error.with_traceback(None)

    def _is_recent(self, failed: _Failed) -> bool:
        return self._clock() - failed.since < self._settings.failed_for.total_seconds()

    async def _look(self, location: Location, known: _Known | None) -> _Known:
        if known is not None and await self._registry.still_is(location, known.content):
            return replace(known, since=self._clock())
        content = await self._registry.manifest(location, location.reference)
        metadata = await self._read(location, content)
        return _Known(metadata, replace(content, body=b""), self._clock())

    async def _read(self, location: Location, content: Content) -> ImageMetadata:
        image = location.image
        found = decode(content.body, content.media_type, image=image)
        if isinstance(found, Index):
            entry = choose(found, self._platforms, image=image)
            one = await self._registry.manifest(location, entry.digest)
            found = decode(one.body, one.media_type, image=image)
            if isinstance(found, Index):
                raise UnreadableImage(image, "an index in an index")
        blob = await self._registry.blob(location, found.config.digest)
        config = decode_config(blob, image=image)
        check_platform(config, self._platforms, image=image)
        return ImageMetadata(
            digest=content.digest,
            entrypoint=tuple(config.run.entrypoint or ()),
            cmd=tuple(config.run.cmd or ()),
            env=tuple(config.run.env or ()),
            working_dir=config.run.working_dir,
            user=config.run.user,
        )
