"""ensure-name-substring: give names a prefix or suffix that they lack, and follow references.

CustomResourceDefinitions, APIServices, Namespaces and Kptfiles keep their names.
"""

from dataclasses import dataclass

from porch.functions.builtin import depends_on, krm
from porch.functions.builtin.contract import BuiltinCall, Rejected, done
from porch.functions.builtin.legacy import failed_legacy
from porch.functions.builtin.name_references import Renames, finder, update_references
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

_SKIPPED = ("CustomResourceDefinition", "APIService", "Namespace", "Kptfile")
_MODES = ("prepend", "append")


def run(call: BuiltinCall) -> FunctionOutput:
    """Ensure the substring."""
    try:
        edit, extra = _settings(call.config)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to configure function: {refusal.message}")
    before = [depends_on.reference_to(item) for item in call.items]
    renames = _rename(call.items, edit)
    moved = dict(zip(before, map(depends_on.reference_to, call.items), strict=True))
    for item in call.items:
        update_references(item, krm.effective_namespace(item), finder(renames))
        depends_on.follow(item, moved)
        for spec in extra:
            _edit_field(item, spec, edit)
    return done(call.items)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What to add, and where."""

    substring: str
    prepends: bool

    def apply(self, name: str) -> str:
        if self.substring in name:
            return name
        return self.substring + name if self.prepends else name + self.substring


def _settings(config: Node | None) -> tuple[_Edit, list[Node]]:
    if config is None:
        raise Rejected("`functionConfig` must be a `ConfigMap` or `EnsureNameSubstring`")
    if config.text("kind") == "ConfigMap" and config.text("apiVersion") == "v1":
        data = config.get("data")
        keys = data.keys() if data is not None else []
        if len(keys) != 1:
            raise Rejected(f"only 1 entry is allowed in the ConfigMap, but got: {len(keys)}")
        return _edit(config.text("data", keys[0]), keys[0]), []
    if config.text("kind") == "EnsureNameSubstring":
        extra = config.get("additionalNameFields")
        found = extra.content if extra is not None and extra.is_sequence else []
        return _edit(config.text("substring"), config.text("editMode") or "prepend"), found
    raise Rejected("`functionConfig` must be a `ConfigMap` or `EnsureNameSubstring`")


def _edit(substring: str, mode: str) -> _Edit:
    if mode not in _MODES:
        raise Rejected(f"unknown editMode: {mode}")
    if not substring:
        raise Rejected("`substring` must not be empty")
    return _Edit(substring, prepends=mode == "prepend")


def _rename(items: list[Node], edit: _Edit) -> Renames:
    """Rename the items; what was called what."""
    renames: Renames = {}
    for item in items:
        name = krm.name_of(item)
        if item.text("kind") in _SKIPPED or not name:
            continue
        new = edit.apply(name)
        renames[item.text("kind"), krm.effective_namespace(item), name] = new
        item.child("metadata").set("name", new)
    return renames


def _edit_field(item: Node, spec: Node, edit: _Edit) -> None:
    if not krm.is_gvk(item, spec.text("group"), spec.text("version"), spec.text("kind")):
        return
    nodes = [item]
    for part in spec.text("path").split("/"):
        found = [node.get(part.removesuffix("[]")) for node in nodes]
        nodes = [
            child
            for node in found
            if node is not None
            for child in (node.content if node.is_sequence else [node])
        ]
    for node in nodes:
        if node.is_scalar and node.value:
            node.value = edit.apply(node.value)
