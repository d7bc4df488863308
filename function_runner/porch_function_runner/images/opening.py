"""The inspector of images, put together from the runner's settings."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from porch.runtime.client import Client
from porch.runtime.proxies import proxy_of
from porch.runtime.resources import ObjectKey
from porch_function_runner.images.authorities import Authorities
from porch_function_runner.images.contents import Platform
from porch_function_runner.images.credentials import (
    ConfigFile,
    ConfigSecret,
    GivenCredentials,
    OwnCredentials,
)
from porch_function_runner.images.inspector import ImageInspector
from porch_function_runner.images.pullsecret import PullSecret
from porch_function_runner.images.registry import ReadCredentials, RegistryClient
from porch_function_runner.images.wire import WireSettings, open_wire
from porch_function_runner.settings import RegistrySettings


@asynccontextmanager
async def open_inspector(
    settings: RegistrySettings, client: Client, *, namespace: str, env: Mapping[str, str]
) -> AsyncGenerator[ImageInspector, None]:
    """An inspector; with private registries, the nodes' pull secret follows its file meanwhile."""
    folder = settings.tls_secret_path if settings.enable_private_registries_tls else None
    key = ObjectKey(namespace, settings.registry_auth_secret_name)
    file = ConfigFile(settings.registry_auth_secret_path)
    credentials: ReadCredentials = OwnCredentials.of(env)
    if settings.enable_private_registries:
        credentials = GivenCredentials([file, ConfigSecret(client, key)])
    trust, way = Authorities(folder).context, partial(proxy_of, env=env)
    async with open_wire(WireSettings(), trust=trust, proxy_of=way) as wire:
        inspector = ImageInspector(RegistryClient(wire, credentials), platforms=platforms(settings))
        if not settings.enable_private_registries:
            yield inspector
            return
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(PullSecret(client=client, key=key, file=file).run())
            try:
                yield inspector
            finally:
                following.cancel()


def platforms(settings: RegistrySettings) -> Sequence[Platform]:
    """What the nodes are: what the settings say, else what this process runs on."""
    named = [Platform.parse(text) for text in settings.node_platforms]
    return named or [Platform.of_this_machine()]


def pull_secrets(settings: RegistrySettings) -> tuple[str, ...]:
    """The names of the Secrets that pods of functions are pulled with."""
    return (settings.registry_auth_secret_name,) if settings.enable_private_registries else ()
