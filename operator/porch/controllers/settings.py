"""The operator's settings, from environment variables (see `porch.runtime.settings`).

A field `poll` of the group `repository` is PORCH_REPOSITORY_POLL.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from porch.cache.cr import CrCacheSettings
from porch.controllers.upstreams import UpstreamSettings
from porch.functions.pool import PoolSettings
from porch.functions.remotesettings import RemoteSettings
from porch.runtime.client import ClientSettings
from porch.runtime.lease import LeaseSettings
from porch.runtime.logs import LogFormat
from porch.runtime.queue import QueueSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """How repositories are treated."""

    poll: timedelta = timedelta(seconds=30)  # between two cheap looks at a repository
    timeout: timedelta = timedelta(seconds=60)  # of one call of git
    ca_bundles: bool = False  # trust `ca.crt` of a Secret <namespace>-ca-bundle as well
    flush_limit: timedelta = timedelta(seconds=60)  # of a last push before a draft goes


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEventSettings:
    """The receiver for push events of git servers."""

    port: int | None = None  # None: it is off; 0: any free one
    secret_file: Path = Path("/etc/porch/push-events/secret")  # read for each event


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """All settings of the process."""

    namespaces: tuple[str, ...] = ()  # to work in; empty: all
    cache_directory: Path = Path("/var/cache/porch")  # clones; may be lost at any time
    identity: str = ""  # of the Lease's holder; "": the host's name and a random part
    lease_namespace: str = "porch-system"
    functions_namespace: str = "porch-fn-system"  # FunctionConfigs of it hold, and of the Lease's
    port: int = 8081  # of /healthz, /readyz and /metrics; 0: any free one
    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.JSON
    repository: RepositorySettings = RepositorySettings()
    push_events: PushEventSettings = PushEventSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    content: CrCacheSettings = CrCacheSettings()
    render: PoolSettings = PoolSettings()
    runner: RemoteSettings = RemoteSettings()
    queue: QueueSettings = QueueSettings()
    client: ClientSettings = ClientSettings()
    lease: LeaseSettings = LeaseSettings()
