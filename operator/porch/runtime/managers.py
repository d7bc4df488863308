"""Relief from managed fields, for objects that nobody applies server-side.

With every write the API server works out which of its callers set which field, and stores that in
the object: a third of the time of a write, and a third of a published revision's bytes. Only
server-side apply reads it. An object without any such entry is as Kubernetes keeps it before a
first apply: writes are not traced, and the first apply counts what it finds as set before it. So
nothing is lost by taking away entries of which none was made by an apply.

Pure. Only a write to the main resource can do it; see docs/decisions/0005.
Source    https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

_APPLY: Final = "Apply"

# What a merge patch of the metadata says to take all entries away; an empty list says nothing.
NO_MANAGERS: Final[Mapping[str, object]] = {"managedFields": [{}]}


class ManagedFields(Protocol):
    """An entry of `metadata.managedFields`."""

    @property
    def operation(self) -> str: ...


class Managed(Protocol):
    """Metadata with its entries."""

    @property
    def managed_fields(self) -> Sequence[ManagedFields]: ...


def is_applied(metadata: Managed) -> bool:
    """Somebody owns fields of the object by server-side apply."""
    return any(each.operation == _APPLY for each in metadata.managed_fields)


def relief(metadata: Managed) -> Mapping[str, object]:
    """NO_MANAGERS where there are entries and none is of use.

    NB: the patch must carry the resourceVersion of this metadata; somebody may apply meanwhile.
    """
    return NO_MANAGERS if metadata.managed_fields and not is_applied(metadata) else {}
