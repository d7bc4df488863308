"""starlark: run a script over the items.

The script works on plain data. What it did not change stays as it was written: results are laid
over the nodes field by field, matched by the items' ids.
"""

import json
from collections.abc import Mapping, Sequence

from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    done,
    error,
    failed,
)
from porch.functions.sandbox.limits import LimitExceeded, RefusedByChild
from porch.kpt.annotations import ID, LEGACY_ID, annotation
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.aliases import expanded, has_aliases, plain_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data, Node

_EXPECTED = "`functionConfig` must be either `StarlarkRun` or `ConfigMap`"


def run(call: BuiltinCall) -> FunctionOutput:
    """Run the configured script."""
    try:
        source = _source(call.config)
        finished = call.untrusted.run_starlark(source, _resource_list(call))
        data = _items(finished.resource_list)
    except (Rejected, LimitExceeded, RefusedByChild, BadYaml) as err:
        message = err.message if isinstance(err, Rejected) else str(err)
        return failed(call.items, [error(message)])
    output = done(_laid_over(call.items, data))
    return FunctionOutput(items=output.items, stderr=finished.printed)


def _source(config: Node | None) -> str:
    if config is None:
        raise Rejected(f"{_EXPECTED}, but it is missing")
    group = config.text("apiVersion").rpartition("/")[0]
    if config.text("kind") == "StarlarkRun" and group == "fn.kpt.dev":
        source = config.text("source")
    elif config.text("kind") == "ConfigMap" and config.text("apiVersion") == "v1":
        source = config.text("data", "source")
    else:
        found = f"{config.text('apiVersion')} {config.text('kind')}".strip()
        raise Rejected(f"{_EXPECTED}, but we got: {found}")
    if not source.strip():
        raise Rejected("`source` must not be empty")
    return source


def _resource_list(call: BuiltinCall) -> str:
    config = call.config
    return json.dumps(
        {
            "apiVersion": "config.kubernetes.io/v1",
            "kind": "ResourceList",
            "items": [plain_data(item) for item in call.items],
            **({"functionConfig": plain_data(config)} if config is not None else {}),
        },
        ensure_ascii=False,
    )


def _items(resource_list: str) -> list[dict[str, Data]]:
    data = json.loads(resource_list)
    items = data.get("items") if isinstance(data, dict) else None
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Rejected('`ctx.resource_list["items"]` must be a list of resources')
    return items


def _laid_over(nodes: list[Node], data: list[dict[str, Data]]) -> list[Node]:
    """The nodes of the items that came back, in their new order, with what changed."""
    known = {number: node for node in nodes if (number := _number(node)) is not None}
    items: list[Node] = []
    for each in data:
        wanted = Node.from_data(each)
        node = known.pop(_number(wanted) or "", None)
        if node is None:
            items.append(wanted)
        else:
            if has_aliases(node) and plain_data(node) != each:
                node.content = expanded(node).content
            if not has_aliases(node):
                lay_over(node, each)
            items.append(node)
    return items


def _number(item: Node) -> str | None:
    return annotation(item, ID) or annotation(item, LEGACY_ID)


def lay_over(node: Node, data: Data) -> None:
    """Make the node say `data`; what says it already stays as it is written."""
    if isinstance(data, Mapping) and node.is_mapping:
        for key in list(node.keys()):
            if key not in data:
                node.remove(key)
        for key, value in data.items():
            found = node.get(key)
            if found is None:
                node.set(key, Node.from_data(value))
            else:
                lay_over(found, value)
    elif isinstance(data, Sequence) and not isinstance(data, str) and node.is_sequence:
        del node.content[len(data) :]
        for child, value in zip(node.content, data, strict=False):
            lay_over(child, value)
        node.content += [Node.from_data(value) for value in data[len(node.content) :]]
    elif not (node.is_scalar and _says(node, data)):
        node.put(Node.from_data(data))


def _says(node: Node, data: Data) -> bool:
    found = node.to_data()
    return found == data and type(found) is type(data)
