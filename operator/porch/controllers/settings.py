"""The operator's settings, from environment variables.

Groups of frozen dataclasses; a field `poll` of a group with prefix PORCH_REPOSITORY_ is read from
PORCH_REPOSITORY_POLL. Durations are written `30s`, `5m`, `250ms`. Bad values are reported together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from porch.cache.cr import CrCacheSettings
from porch.errors import Permanent
from porch.functions.pool import PoolSettings
from porch.runtime.client import ClientSettings
from porch.runtime.lease import LeaseSettings
from porch.runtime.queue import QueueSettings

T = TypeVar("T")


class BadSettings(Permanent):
    """Environment variables have values that cannot be used."""

    reason = "BadSettings"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """How repositories are treated. Environment prefix: PORCH_REPOSITORY_."""

    poll: timedelta = timedelta(seconds=30)  # between two cheap looks at a repository
    timeout: timedelta = timedelta(seconds=60)  # of one call of git


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """The process itself. Environment prefix: PORCH_."""

    namespaces: tuple[str, ...] = ()  # to work in, comma-separated; empty: all
    cache_directory: Path = Path("/var/cache/porch")  # clones; may be lost at any time
    identity: str = ""  # of the Lease's holder; "": the host's name and a random part
    lease_namespace: str = "porch-system"
    health_port: int = 8081  # 0: any free one
    metrics_port: int = 8080
    log_level: str = "INFO"
    log_format: str = "json"  # json or console


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """All groups."""

    process: ProcessSettings = field(default_factory=ProcessSettings)
    repository: RepositorySettings = field(default_factory=RepositorySettings)
    content: CrCacheSettings = field(default_factory=CrCacheSettings)
    render: PoolSettings = field(default_factory=PoolSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    client: ClientSettings = field(default_factory=ClientSettings)
    lease: LeaseSettings = field(default_factory=LeaseSettings)


PREFIXES = {"process": "PORCH_"}  # of the groups whose prefix is not made of their name


def load(environment: Mapping[str, str]) -> OperatorSettings:
    """The settings that the environment gives, defaults for the rest."""
    problems: list[str] = []
    groups: dict[str, Any] = {}
    hints = get_type_hints(OperatorSettings)
    for group in fields(OperatorSettings):
        prefix = PREFIXES.get(group.name, f"PORCH_{group.name.upper()}_")
        groups[group.name] = _group(hints[group.name], prefix, environment, problems)
    if problems:
        raise BadSettings("; ".join(problems))
    return OperatorSettings(**groups)


def _group(
    type_: type[T], prefix: str, environment: Mapping[str, str], problems: list[str]
) -> T | None:
    assert is_dataclass(type_)  # noqa: S101 - of our own settings
    hints = get_type_hints(type_)
    values: dict[str, Any] = {}
    for each in fields(type_):
        name = prefix + each.name.upper()
        text = environment.get(name)
        if text is None:
            continue
        try:
            values[each.name] = _READERS[hints[each.name]](text)
        except ValueError as err:
            problems.append(f"{name} must be {err}, found {text!r}")
    try:
        return type_(**values)
    except ValueError as err:
        problems.append(f"{prefix}*: {err}")
        return None


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if found is None:
        raise ValueError("a duration such as 250ms, 30s, 5m or 1h")
    seconds = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[found[2]]
    return timedelta(seconds=float(found[1]) * seconds)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a whole number")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


_READERS: Mapping[Any, Callable[[str], Any]] = {
    timedelta: _duration,
    int: _number,
    str: str,
    Path: Path,
    tuple[str, ...]: _names,
}
