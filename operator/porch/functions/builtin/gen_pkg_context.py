"""gen-pkg-context: write the name of the package into a ConfigMap for other functions to read."""

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, done, info
from porch.kpt.annotations import LEGACY_PATH, PATH, path_of
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.packagecontext import FILE, context_of, is_context
from porch.kpt.yaml.node import Node


def run(call: BuiltinCall) -> FunctionOutput:
    """Replace the package context; packages below get none."""
    package_path = call.config.text("data", "package-path") if call.config is not None else ""
    items = [item for item in call.items if not is_context(item)]
    generated = [
        _context(krm.name_of(item), package_path) for item in items if path_of(item) == "Kptfile"
    ]
    return done([*items, *generated], [info("generated package context")])


def _context(name: str, package_path: str) -> Node:
    item = context_of(name, path=package_path)
    annotations = item.child("metadata").child("annotations")
    annotations.set(PATH, FILE)
    annotations.set(LEGACY_PATH, FILE)
    return item
