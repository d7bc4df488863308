"""References between items in the annotation `config.kubernetes.io/depends-on`.

Pure. A reference is `group/namespaces/namespace/kind/name`, or `group/kind/name` of an object
without a namespace; several are separated by commas.
"""

from collections.abc import Mapping

from porch.functions.builtin import krm
from porch.kpt.annotations import annotation, set_annotation
from porch.kpt.yaml.node import Node

DEPENDS_ON = "config.kubernetes.io/depends-on"


def reference_to(item: Node) -> str:
    """How others refer to the item."""
    group, _ = krm.group_version(item)
    namespace = krm.effective_namespace(item)
    scope = "" if namespace == krm.NO_NAMESPACE else f"namespaces/{namespace}/"
    return f"{group}/{scope}{item.text('kind')}/{krm.name_of(item)}"


def follow(item: Node, moved: Mapping[str, str]) -> None:
    """Replace the item's references that are keys by their values; blanks between them stay."""
    value = annotation(item, DEPENDS_ON)
    if value is None:
        return
    references = []
    for reference in value.split(","):
        stripped = reference.strip()
        references.append(reference.replace(stripped, moved.get(stripped, stripped)))
    if ",".join(references) != value:
        set_annotation(item, DEPENDS_ON, ",".join(references))
