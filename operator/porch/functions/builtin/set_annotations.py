"""set-annotations: put annotations on every item and, by its kind, on its pod templates."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, Rejected, done, file_of
from porch.functions.builtin.legacy import failed_legacy
from porch.kpt.evaluate import FieldRef, FunctionOutput, ResultItem
from porch.kpt.yaml.node import Node

_OWN_KINDS = ("SetAnnotations", "SetAnnotationConfig")
_TEMPLATE = "spec/template/metadata/annotations"
_JOB_TEMPLATE = "spec/jobTemplate/metadata/annotations"


def run(call: BuiltinCall) -> FunctionOutput:
    """Set the configured annotations."""
    try:
        annotations, specs = _settings(call.config)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to configure function: {refusal.message}")
    message = "set annotations: " + json.dumps(
        annotations, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    results = [
        ResultItem(message=message, field=FieldRef(path=path), file=file_of(item))
        for item in call.items
        for path in _annotate(item, annotations, specs)
    ]
    if not results:
        return done(call.items, [ResultItem(message="no annotations applied")])
    return done(call.items, sorted(results, key=_place))


@dataclass(frozen=True, slots=True)
class _FieldSpec:
    """A place for annotations in items of a kind; "" stands for any."""

    path: str  # fields joined by "/"
    create: bool = True
    group: str = ""
    version: str = ""
    kind: str = ""

    def selects(self, item: Node) -> bool:
        group, version = krm.group_version(item)
        return (
            self.group in ("", group)
            and self.version in ("", version)
            and self.kind in ("", item.text("kind"))
        )


_SPECS = (
    _FieldSpec("metadata/annotations"),
    _FieldSpec(_TEMPLATE, version="v1", kind="ReplicationController"),
    _FieldSpec(_TEMPLATE, kind="Deployment"),
    _FieldSpec(_TEMPLATE, kind="ReplicaSet"),
    _FieldSpec(_TEMPLATE, kind="DaemonSet"),
    _FieldSpec(_TEMPLATE, kind="StatefulSet"),
    _FieldSpec(_TEMPLATE, group="batch", kind="Job"),
    _FieldSpec(_JOB_TEMPLATE, group="batch", kind="CronJob"),
    _FieldSpec(
        "spec/jobTemplate/spec/template/metadata/annotations", group="batch", kind="CronJob"
    ),
)


def _settings(config: Node | None) -> tuple[dict[str, str], list[_FieldSpec]]:
    if config is None or krm.is_empty(config):
        raise Rejected("input annotation list cannot be empty")
    specs = list(_SPECS)
    if config.text("kind") == "ConfigMap" and config.text("apiVersion") == "v1":
        source = config.get("data")
    elif config.text("kind") in _OWN_KINDS:
        source = config.get("annotations")
        specs += _additional(config)
    else:
        raise Rejected("`functionConfig` must be a `ConfigMap` or `SetAnnotations`")
    annotations = (
        {key.value: value.value for key, value in source.items()} if source is not None else {}
    )
    if not annotations:
        raise Rejected("input annotation list cannot be empty")
    return dict(sorted(annotations.items())), specs


def _additional(config: Node) -> Iterator[_FieldSpec]:
    current, older = config.get("additionalAnnotationFields"), config.get("fieldSpecs")
    if current is not None and older is not None:
        raise Rejected(
            "`additionalAnnotationFields` and `fieldSpecs` must not be given at the same time"
        )
    found = current if current is not None else older
    for node in found.content if found is not None and found.is_sequence else ():
        yield _FieldSpec(
            node.text("path"),
            create=node.text("create") == "true",
            group=node.text("group"),
            version=node.text("version"),
            kind=node.text("kind"),
        )


def _annotate(item: Node, annotations: dict[str, str], specs: list[_FieldSpec]) -> list[str]:
    """Set the annotations; the paths at which that happened."""
    done_at: list[str] = []
    for spec in specs:
        if spec.selects(item) and _set(item, spec.path.split("/"), annotations, spec.create):
            done_at.append(spec.path.replace("/", "."))
    return done_at


def _set(node: Node, path: list[str], annotations: dict[str, str], create: bool) -> bool:
    if node.is_sequence:
        return any([_set(child, path, annotations, create) for child in node.content])
    if not node.is_mapping:
        return False
    if not path:
        for key, value in annotations.items():
            node.set(key, value)
        return True
    field = path[0].removesuffix("[]")
    found = node.get(field)
    if found is None or found.is_null:
        if not create:
            return False
        found = node.child(field)
    return _set(found, path[1:], annotations, create)


def _place(result: ResultItem) -> tuple[str, int, str]:
    file = result.file
    return (file.path, file.index, result.message) if file else ("", 0, result.message)
