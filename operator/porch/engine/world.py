"""The ports that the engine acts through, bundled for one repository."""

from dataclasses import dataclass
from datetime import timedelta

from porch.cache.protocol import PackageCache
from porch.engine.ports import (
    Announcer,
    Clock,
    Library,
    Memory,
    Objects,
    Renderer,
    Upstreams,
    Workers,
)
from porch.storage.adapter import Identity, RepositoryAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything an action may touch."""

    repository: RepositoryAdapter
    cache: PackageCache
    objects: Objects
    renderer: Renderer
    memory: Memory
    library: Library
    upstreams: Upstreams
    workers: Workers
    announcer: Announcer
    clock: Clock
    author: Identity
    flush_limit: timedelta = timedelta(seconds=60)  # of a last push before an object goes
