"""How Go SDK functions read a functionConfig: a ConfigMap's data, or a kind of their own.

Pure. Errors: Rejected with the SDK's texts.
"""

from porch.functions.builtin.contract import Rejected
from porch.functions.builtin.krm import is_empty
from porch.kpt.yaml.node import Node

INPUT_NAME = "function-input"  # the ConfigMap that kpt makes of a Kptfile's configMap


def is_config_map(config: Node) -> bool:
    """Whether the config is a ConfigMap of the core group."""
    return config.text("kind") == "ConfigMap" and config.text("apiVersion") == "v1"


def is_own_kind(config: Node, kind: str) -> bool:
    """Whether the config is `kind` of any version of the functions' group."""
    group, _, version = config.text("apiVersion").rpartition("/")
    return group == "fn.kpt.dev" and version != "" and config.text("kind") == kind


def is_not_given(config: Node | None) -> bool:
    """Whether there is no config, or only kpt's ConfigMap without data."""
    if config is None or is_empty(config):
        return True
    data = config.get("data")
    return (
        is_config_map(config)
        and config.text("metadata", "name") == INPUT_NAME
        and data is not None
        and not data.content
    )


def unknown(config: Node, kind: str) -> Rejected:
    """The refusal of a config of another kind."""
    group = config.text("apiVersion").rpartition("/")[0]
    found = f"{config.text('kind')}.{group}" if group else config.text("kind")
    return Rejected(
        f"unknown FunctionConfig `{found}`, expect `{kind}.fn.kpt.dev` or `ConfigMap.v1`"
    )


def string_map(node: Node | None, where: str) -> dict[str, str]:
    """A mapping of strings; absent is empty."""
    if node is None or node.is_null:
        return {}
    if not node.is_mapping:
        raise Rejected(f"`{where}` must be a mapping of strings")
    for key, value in node.items():
        if not value.is_scalar or not value.is_string:
            raise Rejected(f"`{where}.{key.value}` must be a string, found {value.value!r}")
    return {key.value: value.value for key, value in node.items()}


def failure(message: str) -> str:
    """The standard error of an SDK function that returns an error."""
    return f"failed to evaluate function: error: {message}"
