"""remove-local-config-resources: drop the items that are only for tools.

An item is local when its annotation `config.kubernetes.io/local-config` says "true", in any case.

CATALOGUE  a Kptfile that says so is dropped, too.
CORRECTED  Kptfiles stay: without one there is no package.
"""

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, about_item, done, info, warning
from porch.kpt.annotations import LOCAL_CONFIG, annotation
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node


def run(call: BuiltinCall) -> FunctionOutput:
    """Drop the local items."""
    dropped = [
        item
        for item in call.items
        if _is_local(item) and not (call.corrected and krm.is_kptfile(item))
    ]
    if not dropped:
        nothing = "Found no resources to prune with the local config annotation"
        return done(call.items, [warning(nothing)])
    gone = set(map(id, dropped))
    summary = info(f"Number of resources pruned: {len(dropped)}")
    told = [about_item(item, f"Resource name: [{krm.name_of(item)}]") for item in dropped]
    return done([item for item in call.items if id(item) not in gone], [summary, *told])


def _is_local(item: Node) -> bool:
    return (annotation(item, LOCAL_CONFIG) or "").lower() == "true"
