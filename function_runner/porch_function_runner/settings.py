"""The settings of the runner, all of them flags; see `flags` for how they are written.

Names and defaults of the flags that existing installations set are theirs.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from porch.functions.images import DEFAULT_PREFIX
from porch.functions.wire.service import DEFAULT_MESSAGE_BYTES
from porch.runtime.logs import LogFormat
from porch_function_runner.flags import flag
from porch_function_runner.pods.settings import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What is listened on, and the bounds of one call."""

    port: int = flag(9445, "Port of the gRPC service; 0 takes any free one")
    metrics_port: int = flag(
        9464, "Port of /metrics, /healthz, /readyz and /state; 0 takes any free one"
    )
    max_request_body_size: int = flag(
        DEFAULT_MESSAGE_BYTES, "Most bytes of a request and of an answer; callers must agree"
    )
    max_inputs_bytes: int = flag(
        256 << 20, "Most bytes of the inputs of all calls that run or wait; more are refused"
    )
    evaluation_timeout: timedelta = flag(
        timedelta(minutes=5), "Longest time of one call, whatever deadline its caller sets"
    )
    shutdown_grace: timedelta = flag(
        timedelta(seconds=30), "How long calls may go on after SIGTERM before they are cancelled"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged."""

    log_level: int = flag(2, "Verbosity: 0 and 1 warnings, 2 and 3 changes, 4 and 5 everything")
    log_format: LogFormat = flag(LogFormat.JSON, "json or console")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """Which functions are run, and by what."""

    disable_runtimes: tuple[str, ...] = flag(
        (), "Runtimes not to use: exec, pod; separated by commas"
    )
    default_image_prefix: str = flag(
        DEFAULT_PREFIX + "/", 'Registry that "" stands for in the prefixes of a FunctionConfig'
    )
    function_configs: Path | None = flag(
        None, "Folder of FunctionConfigs (*.yaml) to use; when empty, the cluster's are watched"
    )
    functions: Path = flag(
        Path("./functions"), "Folder of executables; nothing outside of it is run"
    )
    max_parallel_executables: int = flag(16, "Most executables that run at once")
    max_waiting_executables: int = flag(
        1000, "Most calls that wait for an executable; more are refused and may be tried again"
    )
    executable_memory_bytes: int = flag(4 << 30, "Most address space of an executable")
    result_cache_bytes: int = flag(
        64 << 20, "Most bytes of kept answers of functions that are pinned by digest; 0 keeps none"
    )

    def __post_init__(self) -> None:
        if self.max_parallel_executables < 1:
            found = self.max_parallel_executables
            raise ValueError(
                f"--max-parallel-executables must be at least 1, found {found}: to run none,"
                " --disable-runtimes=exec"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """Function pods and how many of them are kept."""

    pod_namespace: str = flag("porch-fn-system", "Namespace of pods, templates and FunctionConfigs")
    warm_up_pod_cache: bool = flag(True, "Start a pod for the first tag of each FunctionConfig")
    pod_ttl: timedelta = flag(timedelta(minutes=30), "How long an idle pod is kept")
    scan_interval: timedelta = flag(
        timedelta(minutes=1), "Accepted and not used: idle pods are removed when their time is over"
    )
    max_waitlist_length: int = flag(
        2, "Waiting calls of one pod from which on another is started; 0 or less means 2"
    )
    max_parallel_pods_per_function: int = flag(1, "Most pods of one function; 0 or less means 1")
    max_calls_per_pod: int = flag(
        16, "Most calls of one pod at once, when no other pod is to be expected"
    )
    max_waiting_calls: int = flag(1000, "Most calls in line for the pods of one image")
    pod_start_timeout: timedelta = flag(
        timedelta(minutes=1), "Longest time from asking for a pod to its being ready"
    )
    pod_address: Address = flag(
        Address.SERVICE, "How pods are called: by the name of their service, or by pod-ip"
    )
    headless_services: bool = flag(False, "Make the Services of pods without a virtual IP")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """Where images are inspected, and with which credentials."""

    enable_private_registries: bool = flag(False, "Use credentials for images")
    registry_auth_secret_path: Path = flag(
        Path("/var/tmp/config-secret/.dockerconfigjson"),  # noqa: S108 (a mount, not a scratch file)
        "File with the credentials, mounted into the runner",
    )
    registry_auth_secret_name: str = flag(
        "auth-secret", "Secret in the namespace of pods that the nodes pull with"
    )
    enable_private_registries_tls: bool = flag(False, "Trust a certificate authority of your own")
    tls_secret_path: Path = flag(
        Path("/var/tmp/tls-secret/"),  # noqa: S108 (a mount, not a scratch file)
        "Folder with its ca.crt or ca.pem",
    )
    node_platforms: tuple[str, ...] = flag(
        (), "Platforms of the nodes, such as linux/amd64; none means the runner's own"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSettings:
    """All settings of the process."""

    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    functions: FunctionSettings = FunctionSettings()
    pods: PodSettings = PodSettings()
    registry: RegistrySettings = RegistrySettings()
