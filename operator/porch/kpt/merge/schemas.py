"""What is known of the types in one merge: the built-in ones, and those of CRDs in the packages.

Pure. CRDs are looked for when the first type comes up that is not built in; nothing is remembered
beyond the merge. A file that is no YAML defines no type.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from porch.kpt.content import File
from porch.kpt.merge.crds import GroupVersionKind, crd_shapes
from porch.kpt.merge.documents import YAML_SUFFIXES
from porch.kpt.merge.kubernetes import builtin_shape, resource_shape
from porch.kpt.merge.shapes import Shape
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Data, Node

_SIGN: Final = b"CustomResourceDefinition"


class Schemas:
    """The types of one merge; what a later package says of a type wins."""

    def __init__(self, packages: Iterable[Mapping[str, File]], limits: YamlLimits) -> None:
        self._packages = packages
        self._limits = limits

    def shape(self, roots: Iterable[Node]) -> Shape:
        """The shape of the first of these versions of a resource that is known."""
        types = [(root.text("apiVersion"), root.text("kind")) for root in roots]
        for api_version, kind in types:
            known = builtin_shape(api_version, kind)
            if known is not None:
                return known
        for each in types:
            custom = self._custom.get(each)
            if custom is not None:
                return custom
        return resource_shape()

    @cached_property
    def _custom(self) -> dict[GroupVersionKind, Shape]:
        found: dict[GroupVersionKind, Shape] = {}
        for text in self._texts():
            for document in self._documents(text):
                found |= crd_shapes(document)
        return found

    def _texts(self) -> Iterable[str]:
        """Each file that may define a type, once."""
        files = {
            file.blob: file
            for package in self._packages
            for path, file in package.items()
            if path.endswith(YAML_SUFFIXES) and _SIGN in (file.data or b"")
        }
        return (file.text or "" for file in files.values())

    def _documents(self, text: str) -> list[Data]:
        try:
            return read_data(text, limits=self._limits)
        except BadYaml:
            return []
