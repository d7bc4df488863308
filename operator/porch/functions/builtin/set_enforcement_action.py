"""set-enforcement-action: what Gatekeeper does about violations of the package's constraints.

CATALOGUE  constraints of version v1beta1.
CORRECTED  constraints of any version.
"""

from porch.functions.builtin import krm
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    about_item,
    done,
    info,
    warning,
)
from porch.functions.builtin.legacy import failed_legacy
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node

_GROUP, _VERSION = "constraints.gatekeeper.sh", "v1beta1"
_FIELD = "enforcementAction"
_ACTIONS = ("deny", "warn", "dryrun")


def run(call: BuiltinCall) -> FunctionOutput:
    """Set the configured action in every constraint."""
    try:
        action = _action(call.config)
    except Rejected as refusal:
        return failed_legacy(call.items, f"failed to process policies: {refusal.message}")
    version = "" if call.corrected else _VERSION
    policies = [item for item in call.items if _is_constraint(item, version)]
    if not policies:
        return done(call.items, [warning(f"Found no policy to set to [{action}]")])
    for policy in policies:
        policy.child("spec").set(_FIELD, action)
    summary = info(f"Number of policies set to [{action}]: {len(policies)}")
    told = [about_item(policy, f"Policy name: [{krm.name_of(policy)}]") for policy in policies]
    return done(call.items, [summary, *told])


def _action(config: Node | None) -> str:
    data = config.get("data") if config is not None else None
    if data is None or len(data.keys()) != 1:
        raise Rejected(f"expecting exactly 1 {_FIELD} as part of the ConfigMap")
    action = data.text(_FIELD)
    if action not in _ACTIONS:
        known = " or ".join(f"[{each}]" for each in _ACTIONS)
        raise Rejected(f"expected values for {_FIELD} are {known}")
    return action


def _is_constraint(item: Node, version: str) -> bool:
    """Whether the item is a named constraint; "" admits any version."""
    group, found = krm.group_version(item)
    is_complete = bool(item.text("kind") and krm.name_of(item))
    return is_complete and group == _GROUP and version in ("", found)
