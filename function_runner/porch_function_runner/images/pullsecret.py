"""The Secret with which nodes pull function images: a copy of the runner's docker config.

Kept equal to the mounted file for as long as the runner runs, so a rotated credential reaches the
nodes too. One that is there already is overwritten: it has this name for this purpose.
Errors    none; what does not work is logged, and tried again.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from porch.api.meta import ObjectMeta
from porch.errors import PorchError
from porch.runtime.apierrors import AlreadyExists, NotFound
from porch.runtime.client import Client
from porch.runtime.resources import SECRETS, ObjectKey
from porch_function_runner.images.credentials import (
    SECRET_KEY,
    SECRET_TYPE,
    ConfigFile,
    SecretContent,
)

logger = logging.getLogger(__name__)

_MANAGER = "krm-function-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """A file, and the Secret that follows it."""

    client: Client
    key: ObjectKey
    file: ConfigFile
    look_every: timedelta = timedelta(seconds=10)

    async def run(self) -> None:
        """Follow the file until cancelled."""
        written: bytes | None = None
        while True:
            try:
                content = await self.file.read()
                if content is not None and content != written:
                    await self.write(content)
                    written = content
            except PorchError as err:
                logger.warning(
                    "the pull secret of function images cannot follow its file",
                    extra={"secret": self.key.name, "error": str(err)},
                )
            await asyncio.sleep(self.look_every.total_seconds())

    async def write(self, content: bytes) -> None:
        """Make the Secret what the file is."""
        found = await self._find()
        if found is None:
            await self._create(content)
        elif found.type != SECRET_TYPE:
            await self.client.delete(SECRETS, self.key, uid=found.metadata.uid)
            await self._create(content)
        elif found.data.get(SECRET_KEY) != content:
            version = found.metadata.resource_version
            await self.client.replace(
                SECRETS, self.key, self._body(content, version=version), into=SecretContent
            )

    async def _find(self) -> SecretContent | None:
        try:
            return await self.client.get(SECRETS, self.key, into=SecretContent)
        except NotFound:
            return None

    async def _create(self, content: bytes) -> None:
        try:
            await self.client.create(
                SECRETS,
                self._body(content),
                namespace=self.key.namespace,
                into=SecretContent,
                manager=_MANAGER,
            )
        except AlreadyExists:  # another replica was quicker; the next look compares
            return

    def _body(self, content: bytes, *, version: str = "") -> SecretContent:
        metadata = ObjectMeta(name=self.key.name, resource_version=version)
        return SecretContent(metadata, SECRET_TYPE, {SECRET_KEY: content})
