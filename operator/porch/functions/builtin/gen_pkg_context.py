"""gen-pkg-context: write the name of the package into a ConfigMap for other functions to read."""

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, done, info
from porch.kpt.annotations import LEGACY_PATH, LOCAL_CONFIG, PATH, path_of
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

NAME = "kptfile.kpt.dev"
FILE = "package-context.yaml"


def run(call: BuiltinCall) -> FunctionOutput:
    """Replace the package context; packages below get none."""
    package_path = call.config.text("data", "package-path") if call.config is not None else ""
    items = [item for item in call.items if not _is_context(item)]
    generated = [
        _context(krm.name_of(item), package_path) for item in items if path_of(item) == "Kptfile"
    ]
    return done([*items, *generated], [info("generated package context")])


def _is_context(item: Node) -> bool:
    is_config_map = item.text("kind") == "ConfigMap" and item.text("apiVersion") == "v1"
    return is_config_map and krm.name_of(item) == NAME


def _context(name: str, package_path: str) -> Node:
    annotations = Node.mapping(((LOCAL_CONFIG, "true"), (PATH, FILE), (LEGACY_PATH, FILE)))
    data = [("name", name), *([("package-path", package_path)] if package_path else [])]
    return Node.mapping(
        (
            ("apiVersion", "v1"),
            ("kind", "ConfigMap"),
            ("metadata", Node.mapping((("name", NAME), ("annotations", annotations)))),
            ("data", Node.mapping(data)),
        )
    )
