"""set-project-id: give the package a Google Cloud project.

The root Kptfile's first apply-setters step gets the setter `project-id`, and resources of Config
Connector an annotation; what has a value keeps it. A step that is missing is added at a tag that is
built in here; the image adds `v0.1`.

CATALOGUE  items without a Kptfile among them are refused.
CORRECTED  without a Kptfile only annotations are set.
"""

import re

from porch.functions.builtin.contract import BuiltinCall, Rejected, done
from porch.functions.builtin.legacy import failed_legacy
from porch.kpt.annotations import annotation, path_of, set_annotation
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.kptfile import KPTFILE
from porch.kpt.yaml.node import Node

_SETTER = "project-id"
_ANNOTATION = "cnrm.cloud.google.com/project-id"
_CONFIG_CONNECTOR = re.compile(r"(\w+)\.cnrm\.cloud\.google\.com/\w+\Z", re.ASCII)
_APPLY_SETTERS = "apply-setters"
_STEP = "apply-setters:v0.2"


def run(call: BuiltinCall) -> FunctionOutput:
    """Set the configured project where there is none."""
    try:
        project = _project(call.config)
        _set_setter(call, project)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to set project-id setter: {refusal.message}")
    for item in call.items:
        if _is_connected(item) and annotation(item, _ANNOTATION) is None:
            set_annotation(item, _ANNOTATION, project)
    return done(call.items)


def _project(config: Node | None) -> str:
    project = config.text("data", _SETTER) if config is not None else ""
    if not project:
        raise Rejected(f"`data.{_SETTER}` must not be empty")
    return project


def _set_setter(call: BuiltinCall, project: str) -> None:
    kptfile = _at_path(call.items, KPTFILE)
    if kptfile is None:
        if call.corrected:
            return
        raise Rejected(
            "faild to find Kptfile: unable to find Kptfile, please include "
            "--include-meta-resources flag if a Kptfile is present"
        )
    mutators = _mutators(kptfile)
    for step in mutators.content:
        if _APPLY_SETTERS in step.text("image"):
            _set_if_empty(_setters(step, call.items), project)
            return
    setters = Node.mapping([(_SETTER, project)])
    mutators.append(Node.mapping([("image", _STEP), ("configMap", setters)]))


def _mutators(kptfile: Node) -> Node:
    """The pipeline's mutators, made when there are none."""
    pipeline = kptfile.child("pipeline")
    found = pipeline.get("mutators")
    if found is None or found.is_null:
        return pipeline.set("mutators", Node.sequence())
    return found


def _setters(step: Node, items: list[Node]) -> Node:
    """The mapping that holds the values of an apply-setters step."""
    own = step.get("configMap")
    if own is not None and not own.is_null:
        return step.child("configMap")
    path = step.text("configPath")
    if not path:
        raise Rejected(
            "unable to find `ConfigMap` or `configPath` as the `functionConfig` for apply-setters"
        )
    config = _at_path(items, path)
    if config is None:
        raise Rejected(
            f"failed to find setter file: file {path} doesn't exist, please ensure the file "
            'specified in "configPath" exists and retry'
        )
    return config.child("data")


def _set_if_empty(setters: Node, project: str) -> None:
    if not setters.text(_SETTER):
        setters.set(_SETTER, project)


def _at_path(items: list[Node], path: str) -> Node | None:
    return next((item for item in items if path_of(item) == path), None)


def _is_connected(item: Node) -> bool:
    """Whether Config Connector makes something in the cloud of the item."""
    found = _CONFIG_CONNECTOR.match(item.text("apiVersion"))
    return found is not None and found[1] != "core"
