"""Every request that an API server answers, from its audit log: who asked what, and for how long.

Pure but for `policy`, which writes a file. The log is exact where the server's metrics only count:
it names the user and the object of each request.
Values    instants are seconds since the epoch, by the server's clock.
Source    https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}
MAX_MIB = 1000  # before the server begins a new file


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete."""

    user: str
    verb: str
    resource: str  # with its subresource, as "packagerevisions/status"
    name: str  # of the object, also where it is created; "" of a collection
    began: float
    ended: float
    code: int


def options(folder: Path) -> list[str]:
    """What an API server is started with to keep the log in a folder; the policy is written."""
    policy = folder / "audit-policy.json"
    policy.write_text(json.dumps(POLICY))
    return [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log_in(folder)}",
        f"--audit-log-maxsize={MAX_MIB}",
    ]


def log_in(folder: Path) -> Path:
    """Where the log is."""
    return folder / "audit.log"


class _User(msgspec.Struct):
    username: str = ""


class _Object(msgspec.Struct):
    resource: str = ""
    subresource: str = ""
    name: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class _Event(msgspec.Struct, rename="camel"):
    verb: str
    user: _User
    request_received_timestamp: datetime
    stage_timestamp: datetime
    object_ref: _Object = msgspec.field(default_factory=_Object)
    response_status: _Status = msgspec.field(default_factory=_Status)


_event = msgspec.json.Decoder(_Event)


def requests(lines: Iterable[str]) -> Iterator[Request]:
    """The requests of a log, in the order in which they ended."""
    for line in lines:
        event = _event.decode(line)
        seen = event.object_ref
        yield Request(
            user=event.user.username,
            verb=event.verb,
            resource="/".join(filter(None, (seen.resource, seen.subresource))),
            name=seen.name,
            began=event.request_received_timestamp.timestamp(),
            ended=event.stage_timestamp.timestamp(),
            code=event.response_status.code,
        )
