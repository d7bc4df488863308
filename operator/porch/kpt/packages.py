"""The tree of packages in a set of files, and the items that each package owns.

Pure. Each package is read on its own: its Kptfile strictly, its resources with kpt's annotations.
Values    `directory` is relative to the root, "" for the root package; `path` is absolute, below
          the root path that the render was given; `display` is what a log calls the package.
          Reading is lazy and not remembered: items are edited by those who asked for them.
Source    kyaml's package reader and kpt's hydration of sub-packages.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname

from porch.kpt import annotations
from porch.kpt.files import (
    DEFAULT_PACKAGE_LIMITS,
    PackageLimits,
    is_resource_file,
    package_directories,
    reading_order,
    text_of,
)
from porch.kpt.filetext import file_text
from porch.kpt.kptfile import KPTFILE, Kptfile, NoKptfile, parse_kptfile
from porch.kpt.kptfile_validation import validate_pipeline
from porch.kpt.krmignore import KRMIGNORE, Ignore
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Kind, Node
from porch.kpt.yaml.parse import Document, parse

BARE_SEQUENCE_KEY = "bareSeqNodeWrappingKey"


@dataclass(slots=True)
class Package:
    """One package directory."""

    directory: str
    root: str
    files: Mapping[str, str | bytes]  # its own files, by path in the package
    tree: Mapping[str, str | bytes]  # all files below the root, by path from the root
    limits: PackageLimits
    children: list["Package"] = field(default_factory=list)
    as_read: dict[str, str] = field(default_factory=dict)  # path from root -> its text re-emitted

    @property
    def path(self) -> str:
        """The absolute path."""
        return f"{self.root}/{self.directory}" if self.directory else self.root

    @property
    def relative(self) -> str:
        """The path from the root, "." for the root itself."""
        return self.directory or "."

    @property
    def display(self) -> str:
        """The path from the directory that holds the root."""
        name = basename(self.root)
        return f"{name}/{self.directory}" if self.directory else name

    @property
    def ordered_children(self) -> list["Package"]:
        """The direct sub-packages, in display order."""
        return sorted(self.children, key=lambda child: child.directory)

    def from_root(self, path: str) -> str:
        """A path in this package as a path from the root."""
        return f"{self.directory}/{path}" if self.directory else path

    def read_kptfile(self) -> Kptfile:
        """The package's Kptfile, strictly read, its pipeline validated."""
        data = self.files.get(KPTFILE)
        if data is None:
            raise NoKptfile(self.path)
        source = self.from_root(KPTFILE)
        kptfile = parse_kptfile(text_of(data, source), source=source, limits=self.limits.yaml)
        validate_pipeline(kptfile.pipeline, self.read_documents)
        return kptfile

    def read_documents(self, path: str) -> Sequence[Node] | None:
        """The documents of a file below the package; None when there is no such file."""
        if self.from_root(path) not in self.tree:
            return None
        return [document.root for document in self._parse(path)]

    def read_items(self) -> list[Node]:
        """The package's own resources, annotated, in reading order."""
        ignore = Ignore(text_of(self.files.get(KRMIGNORE, ""), self.from_root(KRMIGNORE)))
        items: list[Node] = []
        for path in reading_order(self.files):
            if is_resource_file(path) and not ignore.hides(path):
                documents = self._parse(path)
                self.as_read[self.from_root(path)] = file_text(path, documents)
                items += self._annotated(path, documents)
        return items

    def _parse(self, path: str) -> list[Document]:
        source = self.from_root(path)
        return parse(text_of(self.tree[source], source), source=source, limits=self.limits.yaml)

    def _annotated(self, path: str, documents: list[Document]) -> list[Node]:
        items: list[Node] = []
        for index, document in enumerate(documents):
            item = document.root
            if item.kind is Kind.SEQUENCE:
                item = Node.mapping([(BARE_SEQUENCE_KEY, item)])
            elif item.kind is not Kind.MAPPING:
                raise BadYaml(
                    "a document must be a mapping", source=self.from_root(path), line=item.line
                )
            for key, value in (
                (annotations.LEGACY_INDEX, str(index)),
                (annotations.LEGACY_PATH, path),
                (annotations.INDEX, str(index)),
                (annotations.PACKAGE_PATH, self.path),
                (annotations.PATH, path),
                (annotations.SEQ_INDENT, "wide" if document.wide else "compact"),
            ):
                annotations.set_annotation(item, key, value)
            items.append(item)
        return items


def package_tree(
    files: Mapping[str, str | bytes],
    *,
    root: str,
    limits: PackageLimits = DEFAULT_PACKAGE_LIMITS,
) -> Package:
    """The root package, whether or not it has a Kptfile, with its sub-packages below it."""
    directories = {"", *package_directories(files)}
    own: dict[str, dict[str, str | bytes]] = {directory: {} for directory in directories}
    for path, data in files.items():
        owner = _nearest(dirname(path), directories)
        own[owner][path[len(owner) + 1 :] if owner else path] = data
    packages = {
        directory: Package(directory, root, own[directory], files, limits)
        for directory in sorted(own)
    }
    for directory, package in packages.items():
        if directory:
            packages[_nearest(dirname(directory), directories)].children.append(package)
    return packages[""]


def _nearest(directory: str, packages: Container[str]) -> str:
    """The innermost package at or above `directory`."""
    while directory not in packages:
        directory = dirname(directory)
    return directory
