"""What functions said: the list of results that a render leaves behind.

Pure wire models, in the shape of kpt's FunctionResultList.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from porch.api.meta import Wire

# The existing clients always send these members, so the server fills them in for ours: a status
# that a client sends back as it was read then compares equal to the one that is stored.
_ZERO = Meta(extra_json_schema={"default": 0})


class ResourceRef(Wire, frozen=True, kw_only=True):
    """The resource that a result is about."""

    api_version: str = ""
    """apiVersion of the resource."""
    kind: str = ""
    """Kind of the resource."""
    name: str = ""
    """Name of the resource."""
    namespace: str = ""
    """Namespace of the resource."""


class ResultField(Wire, frozen=True, kw_only=True):
    """The field that a result is about."""

    path: str = ""
    """Path of the field, such as spec.replicas."""
    current_value: Any = None  # Any: a YAML value of the user's
    """The value found."""
    proposed_value: Any = None  # Any: as above
    """The value that the function suggests."""


class ResultFile(Wire, frozen=True, kw_only=True):
    """The file that a result is about."""

    path: str = ""
    """Path of the file in the package."""
    index: int = 0
    """Position of the resource in the file, from 0."""


class ResultItem(Wire, frozen=True, kw_only=True):
    """One thing that a function has to say."""

    message: str = ""
    """What was found, for people."""
    severity: str = ""
    """error, warning or info."""
    resource_ref: ResourceRef | None = None
    """The resource that the result is about."""
    field: ResultField | None = None
    """The field that the result is about."""
    file: ResultFile | None = None
    """The file that the result is about."""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    """Whatever else the function wants to tell machines."""


class FunctionResult(Wire, frozen=True, kw_only=True):
    """The outcome of one function."""

    image: str = ""
    """Image of the function, when it ran from one."""
    exec: str = ""
    """Path of the executable, when it was one."""
    stderr: str = ""
    """The end of what the function wrote to standard error."""
    exit_code: Annotated[int, _ZERO] = 0
    """Exit code of the function; 0 is success."""
    results: list[ResultItem] = msgspec.field(default_factory=list)
    """What the function has to say."""


class FunctionResultList(Wire, frozen=True, kw_only=True):
    """The outcomes of all functions of a render, in the order in which they ran."""

    api_version: str = ""
    """kpt.dev/v1."""
    kind: str = ""
    """FunctionResultList."""
    exit_code: Annotated[int, _ZERO] = 0
    """0 when every function succeeded, else 1."""
    items: list[FunctionResult] = msgspec.field(default_factory=list)
    """One entry for each function that ran."""
