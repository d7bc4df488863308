"""The order in which the packages of a tree are rendered.

Pure but for the injected `Evaluate`.
Values    `inputs` are the files that were read as resources, `entered` the packages whose pipeline
          began. After an error `partial` is what had been made until then: the input of the step
          that failed, finished sub-packages, and resources that waited for their pipeline.
Source    kpt's renderer: depth first, or breadth first when the root asks for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import normpath

from porch.kpt import annotations
from porch.kpt.annotations import annotation, path_of
from porch.kpt.compatibility import Compatibility
from porch.kpt.execution import BadItems
from porch.kpt.kptfile import BFS_ANNOTATION, Kptfile
from porch.kpt.packages import Package
from porch.kpt.pipeline import Run, run_pipeline
from porch.kpt.yaml.node import Node


@dataclass(slots=True)
class Hydration:
    """One walk over the packages below and including a root."""

    root: Package
    kptfile: Kptfile  # of the root
    run: Run
    inputs: dict[str, Package] = field(default_factory=dict)  # path from root -> its package
    entered: Package | None = None  # whose turn it is
    _waiting: list[list[Node]] = field(default_factory=list)

    def hydrate(self) -> list[Node]:
        """All items after all pipelines."""
        if self.run.mode is Compatibility.DEFAULT and self.kptfile.is_set(BFS_ANNOTATION):
            return self._breadth_first()
        return self._depth_first(self.root)

    @property
    def partial(self) -> list[Node]:
        """What had been made when an error came."""
        lists = self._waiting
        if self.run.before_step is not None:
            lists = [*lists[:-1], self.run.before_step]
        return [item for items in lists for item in items]

    def _depth_first(self, package: Package) -> list[Node]:
        self.entered = package
        kptfile = self.kptfile if package is self.root else package.read_kptfile()
        own = self._read(package)
        items: list[Node] = []  # those of sub-packages first
        self._waiting += (own, items)
        for child in package.ordered_children:
            items += self._depth_first(child)
        items += self._waiting.pop(-2)
        self.entered = package
        result = run_pipeline(package, kptfile, items, self.run)
        self.run.before_step = None
        self._waiting.pop()
        return result

    def _breadth_first(self) -> list[Node]:
        packages = list(_level_by_level(self.root))
        kptfiles: dict[str, Kptfile] = {}
        own: dict[str, list[Node]] = {}
        for package in packages:
            self.entered = package
            is_root = package is self.root
            kptfiles[package.path] = self.kptfile if is_root else package.read_kptfile()
            own[package.path] = self._read(package)
        for package in packages:
            self.entered = package
            below = [each.path for each in _with_descendants(package)]
            self._waiting = [items for path, items in own.items() if path not in below] + [[]]
            items = [item for path in below for item in own[path]]
            result = run_pipeline(package, kptfiles[package.path], items, self.run)
            self.run.before_step = None
            for path in below:
                own[path] = []
            for item in result:
                self._owner(item, package, own).append(item)
        return [item for package in packages for item in own[package.path]]

    def _owner(self, item: Node, package: Package, own: dict[str, list[Node]]) -> list[Node]:
        path = normpath(annotation(item, annotations.PACKAGE_PATH) or package.path)
        if path not in own:
            raise BadItems(f"{path_of(item)}: {path!r} must be a package of this tree")
        return own[path]

    def _read(self, package: Package) -> list[Node]:
        items = package.read_items()
        for item in items:
            self.inputs[package.from_root(path_of(item))] = package
        return items


def _level_by_level(root: Package) -> Iterator[Package]:
    level = [root]
    while level:
        yield from level
        level = [child for package in level for child in package.ordered_children]


def _with_descendants(package: Package) -> Iterator[Package]:
    yield package
    for child in package.ordered_children:
        yield from _with_descendants(child)
