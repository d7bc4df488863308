"""A difference as plain data, for JSON.

Pure. Keys are added, never renamed; what is empty is left out within resources and files.
"""

from porch.kpt.content import File
from porch.kpt.diff.changes import Change, Diff, FieldChange, FileChange, ResourceChange
from porch.kpt.merge.conflicts import ResourceId
from porch.kpt.yaml.node import Data


def diff_data(diff: Diff) -> dict[str, Data]:
    """The whole difference."""
    counts: dict[str, Data] = {str(change): count for change, count in diff.counts().items()}
    return {
        "summary": {**counts, "files": len(diff.files)},
        "resources": [_resource(each) for each in diff.resources],
        "files": [_file(each) for each in diff.files],
    }


def resource_data(resource: ResourceId) -> dict[str, Data]:
    """What identifies a resource."""
    fields = {
        "group": resource.group,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }
    return {key: value for key, value in fields.items() if value}


def _resource(change: ResourceChange) -> Data:
    return {
        "change": str(change.change),
        **resource_data(change.resource),
        "path": change.path,
        **_previous(change.previous_path),
        "fields": [_field(each) for each in change.fields],
    }


def _field(change: FieldChange) -> Data:
    data: dict[str, Data] = {"path": change.path, "change": str(change.change)}
    if change.change is not Change.ADDED:
        data["before"] = change.before
    if change.change is not Change.REMOVED:
        data["after"] = change.after
    return data


def _file(change: FileChange) -> Data:
    data: dict[str, Data] = {
        "change": str(change.change),
        "path": change.path,
        **_previous(change.previous_path),
        "nature": str(change.nature),
    }
    if change.before is not None:
        data["before"] = _state(change.before)
    if change.after is not None:
        data["after"] = _state(change.after)
    return data


def _state(file: File) -> dict[str, Data]:
    size: dict[str, Data] = {} if file.data is None else {"bytes": len(file.data)}
    return {"mode": str(file.mode), "blob": str(file.blob), **size}


def _previous(path: str) -> dict[str, Data]:
    return {"previousPath": path} if path else {}
