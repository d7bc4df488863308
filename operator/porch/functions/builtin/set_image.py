"""set-image: change name, tag or digest of container images.

The configured name is a regular expression for the name part of an image. A digest wins over a tag.

CATALOGUE  images of init containers stay.
CORRECTED  init and ephemeral containers count, CronJobs and Jobs count, a name is taken literally.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from porch.functions.builtin import krm, sdk_config
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    Untrusted,
    done,
    error,
    failed,
    info,
)
from porch.functions.sandbox.limits import LimitExceeded, RefusedByChild
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

_TEMPLATED = ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "PodTemplate")
_FIELDS = ("name", "newName", "newTag", "digest")
_SUFFIX = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$"
_CORRECTED_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def run(call: BuiltinCall) -> FunctionOutput:
    """Change the images that have the configured name."""
    try:
        change, extra = _settings(call.config)
        nodes = list(_images(call, extra))
        count = _change(nodes, change, call)
    except (Rejected, LimitExceeded, RefusedByChild) as err:
        message = err.message if isinstance(err, Rejected) else str(err)
        return failed(call.items, [error(message)])
    return done(call.items, [info(f"summary: updated a total of {count} image(s)")])


@dataclass(frozen=True, slots=True)
class _Image:
    """What to look for, and what to set; "" leaves a part as it is."""

    name: str
    new_name: str
    new_tag: str
    digest: str

    def applied(self, old_name: str, suffix: str) -> str:
        """The new text of an image that was `old_name` and `suffix` (`:tag`, `@digest`)."""
        name = self.new_name or old_name
        if self.digest:
            return f"{name}@{self.digest}"
        return name + (f":{self.new_tag}" if self.new_tag else suffix)


def _settings(config: Node | None) -> tuple[_Image, list[Node]]:
    """The change, and the additional field specs."""
    if config is None or krm.is_empty(config):
        raise Rejected("must specify `name`")
    extra: list[Node] = []
    if sdk_config.is_config_map(config):
        fields = sdk_config.string_map(config.get("data"), "data")
        for key in fields:
            if key not in _FIELDS:
                raise Rejected(f"ConfigMap has wrong field name {key}")
    elif sdk_config.is_own_kind(config, "SetImage"):
        fields = sdk_config.string_map(config.get("image"), "image")
        found = config.get("additionalImageFields")
        extra = found.content if found is not None and found.is_sequence else []
    else:
        raise sdk_config.unknown(config, "SetImage")
    change = _Image(*(fields.get(field, "") for field in _FIELDS))
    if not change.name:
        raise Rejected("must specify `name`")
    if not (change.new_name or change.new_tag or change.digest):
        raise Rejected("must specify one of `newName`, `newTag`, or `digest`")
    return change, extra


def _images(call: BuiltinCall, extra: list[Node]) -> Iterator[Node]:
    """The scalar nodes that hold images."""
    for item in call.items:
        for spec in _pod_specs(item, corrected=call.corrected):
            yield from _containers(spec, corrected=call.corrected)
        for field_spec in extra:
            if _selects(field_spec, item):
                yield from _at(item, field_spec.text("path").split("/"))


def _pod_specs(item: Node, *, corrected: bool) -> Iterator[Node]:
    kind = item.text("kind")
    path: tuple[str, ...] = ()
    if kind == "Pod":
        path = ("spec",)
    elif kind in _TEMPLATED or (corrected and kind in ("Job", "ReplicationController")):
        path = ("spec", "template", "spec")
        if corrected and kind == "PodTemplate":
            path = ("template", "spec")
    elif corrected and kind == "CronJob":
        path = ("spec", "jobTemplate", "spec", "template", "spec")
    spec = item.at(*path) if path else None
    if spec is not None:
        yield spec


def _containers(spec: Node, *, corrected: bool) -> Iterator[Node]:
    for field in _CORRECTED_CONTAINERS if corrected else _CORRECTED_CONTAINERS[:1]:
        containers = spec.get(field)
        for container in containers.content if containers is not None else ():
            image = container.get("image")
            if image is not None and image.is_scalar:
                yield image


def _selects(field_spec: Node, item: Node) -> bool:
    wanted = (field_spec.text("group"), field_spec.text("version"), field_spec.text("kind"))
    return krm.is_gvk(item, *wanted)


def _at(node: Node, path: list[str]) -> Iterator[Node]:
    """The scalars at a path of `a/b[]/c`; sequences on the way are entered."""
    if node.is_sequence:
        for child in node.content:
            yield from _at(child, path)
    elif not path:
        if node.is_scalar:
            yield node
    elif (found := node.get(path[0].removesuffix("[]"))) is not None:
        yield from _at(found, path[1:])


def _change(nodes: list[Node], change: _Image, call: BuiltinCall) -> int:
    texts = [node.value for node in nodes]
    matched = _match(texts, change.name, call)
    for node, groups in zip(nodes, matched, strict=True):
        if groups is not None:
            suffix = "".join(groups)
            node.value, node.tag = change.applied(node.value.removesuffix(suffix), suffix), None
    return sum(groups is not None for groups in matched)


def _match(texts: list[str], name: str, call: BuiltinCall) -> list[tuple[str, str] | None]:
    """The tag and digest, with their separators, of the images that have the name."""
    literal = call.corrected or _is_literal(name)
    if literal:
        pattern = re.compile("^" + re.escape(name) + _SUFFIX[:-1] + r"\Z")
        return [
            (found[1] or "", found[2] or "") if (found := pattern.match(text)) else None
            for text in texts
        ]
    return _match_untrusted(texts, name, call.untrusted)


def _is_literal(name: str) -> bool:
    return re.escape(name).replace("\\", "") == name and not re.search(r"[.*+?()\[\]{}|^$\\]", name)


def _match_untrusted(
    texts: list[str], name: str, untrusted: Untrusted
) -> list[tuple[str, str] | None]:
    found = untrusted.search(f"^{name}{_SUFFIX}", texts)
    return [
        (match.groups[-2] or "", match.groups[-1] or "") if match is not None else None
        for match in found
    ]
