"""What makes a document a Kubernetes resource, and the facts read from it.

Pure. Source: kpt's KRM check; kustomization files are exempt from it.
"""

from collections.abc import Iterable
from posixpath import basename
from typing import ClassVar, Final

from porch.errors import Permanent
from porch.kpt.annotations import path_of
from porch.kpt.yaml.node import Node

_KUSTOMIZATIONS: Final = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))


class NotKrm(Permanent):
    """A document of a package is no Kubernetes resource."""

    reason: ClassVar[str] = "NotKrm"

    def __init__(self, stage: str, *, path: str, problem: str) -> None:
        super().__init__(
            f"{stage} resource list must contain only KRM resources: {path}: {problem}"
        )
        self.path = path


def check_krm(items: Iterable[Node], stage: str) -> None:
    """Raise NotKrm for the first item that lacks what every resource has."""
    for item in items:
        problem = krm_problem(item)
        if problem and not _is_exempt(item):
            raise NotKrm(stage, path=path_of(item), problem=problem)


def krm_problem(item: Node) -> str:
    """What the item lacks to be a resource; "" when it is one."""
    metadata = item.get("metadata")
    if metadata is not None and not metadata.is_mapping:
        return "resource must have `apiVersion`, `kind`, and `name`"
    for path, field in (
        (("apiVersion",), "apiVersion"),
        (("kind",), "kind"),
        (("metadata", "name"), "metadata.name"),
    ):
        if not item.text(*path):
            return f"resource must have `{field}`"
    return ""


def _is_exempt(item: Node) -> bool:
    api_version = item.text("apiVersion")
    return (
        basename(path_of(item)) in _KUSTOMIZATIONS
        or api_version.startswith("kustomize.config.k8s.io")
        or (not api_version and item.text("kind") == "Kustomization")
    )
