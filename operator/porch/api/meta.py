"""Metadata that the kinds share, and what a kind is called where.

Pure. The wire models of this package are frozen structs in camelCase that leave out what has its
default. They decode leniently: unknown fields are ignored, and patterns and bounds live in the
schema only, because an object stored under older rules must still be readable.

Values  times are aware and in UTC; "" and 0 mean unset; None means absent.
Errors  msgspec.ValidationError on a wrong type.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

import msgspec
from msgspec import Meta, field


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Base of all wire models."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind is called, and how it is served."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    has_status: bool  # `/status` is a subresource
    short_names: tuple[str, ...] = ()
    list_kind: str = ""  # "": the kind with "List"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    @property
    def crd_name(self) -> str:
        return f"{self.plural}.{self.group}"


class OwnerReference(Wire, frozen=True, kw_only=True):
    """The object that this one goes with."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ManagedFields(Wire, frozen=True, kw_only=True):
    """How somebody came to own fields of an object; which fields is of no interest here."""

    operation: str = ""  # "Apply" or "Update"


class ObjectMeta(Wire, frozen=True, kw_only=True):
    """The parts of Kubernetes' object metadata that are used here."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    finalizers: list[str] = field(default_factory=list)
    owner_references: list[OwnerReference] = field(default_factory=list)
    managed_fields: list[ManagedFields] = field(default_factory=list)


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


_QUALIFIED = r"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
_CONDITION_TYPE = rf"^{_QUALIFIED}(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
_CONDITION_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"


class Condition(Wire, frozen=True, kw_only=True):
    """One aspect of the state of an object, as Kubernetes' `metav1.Condition`."""

    type: Annotated[str, Meta(extra_json_schema={"maxLength": 316, "pattern": _CONDITION_TYPE})]
    """Which aspect, in CamelCase; see the reference of conditions."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: Annotated[
        str,
        Meta(extra_json_schema={"minLength": 1, "maxLength": 1024, "pattern": _CONDITION_REASON}),
    ]
    """Why the condition has this status, in CamelCase; see the reference of conditions."""
    message: Annotated[str, Meta(extra_json_schema={"maxLength": 32768})]
    """The same for people: what must hold, what was found, what to do."""
    last_transition_time: datetime
    """When `status` last changed."""
    observed_generation: Annotated[int, Meta(extra_json_schema={"minimum": 0})] = 0
    """The `metadata.generation` that the condition is about."""


Conditions = Annotated[
    list[Condition],
    Meta(
        extra_json_schema={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        }
    ),
]


class NameReference(Wire, frozen=True, kw_only=True):
    """The name of an object in the same namespace."""

    name: str
    """Name of the object."""


class _HasKind(Protocol):
    KIND: ClassVar[Kind]


WireObject = TypeVar("WireObject", bound=_HasKind)


def manifest(obj: _HasKind) -> dict[str, Any]:  # Any: JSON of any shape
    """The object as JSON data, with its apiVersion and kind."""
    body: dict[str, Any] = msgspec.to_builtins(obj)  # Any: as above
    return {"apiVersion": obj.KIND.api_version, "kind": obj.KIND.kind} | body


def read(data: Any, type_: type[WireObject]) -> WireObject:  # Any: JSON of any shape
    """The typed object of JSON data; raises msgspec.ValidationError."""
    return msgspec.convert(data, type_)
