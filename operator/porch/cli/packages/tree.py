"""`porchctl pkg tree`: the packages in a directory, and the resources in each.

Effects: reads resource files only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import dirname

from porch.cli.directory import PackageDirectory
from porch.cli.packages.report import Report
from porch.kpt.files import is_resource_file, package_directories, reading_order, text_of
from porch.kpt.kptfile import KPTFILE
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data


@dataclass(slots=True)
class Branch:
    """One package, or the directory that was asked for."""

    directory: str  # from the root, "" for it
    is_package: bool
    resources: list[dict[str, Data]] = field(default_factory=list)
    upstream: str = ""
    packages: list["Branch"] = field(default_factory=list)


def show_tree(directory: str, report: Report) -> int:
    """Show it; the exit code."""
    found = PackageDirectory.read(directory)
    root = read_tree(found.files)
    kind = "Package" if root.is_package else "Directory"
    report.line(f'{kind} "{found.root.name}"{_origin(root)}')
    for line in _lines(root, ""):
        report.line(line)
    report.data({"directory": str(found.root), **_data(root)})
    return 0


def read_tree(files: Mapping[str, bytes]) -> Branch:
    """The tree of these files."""
    packages = set(package_directories(files))
    branches = {each: Branch(each, each in packages) for each in sorted({"", *packages})}
    for path in reading_order(files):
        if is_resource_file(path):
            owner = _owner(dirname(path), branches)
            inside = path[len(owner.directory) + 1 :] if owner.directory else path
            for data in _documents(files[path], path):
                owner.resources.append(_resource(inside, data))
                if inside == KPTFILE:
                    owner.upstream = _upstream(data)
    for name, branch in branches.items():
        if name:
            _owner(dirname(name), branches).packages.append(branch)
    return branches[""]


def _owner(directory: str, branches: Mapping[str, Branch]) -> Branch:
    """The innermost package at or above a directory."""
    while directory not in branches:
        directory = dirname(directory)
    return branches[directory]


def _documents(data: bytes, path: str) -> Sequence[Data]:
    """The documents of a file; one without a kind stands for a file that cannot be read."""
    try:
        return read_data(text_of(data, path), source=path)
    except BadYaml as error:
        return [{"error": str(error)}]


def _resource(path: str, data: Data) -> dict[str, Data]:
    found = data if isinstance(data, Mapping) else {}
    metadata = found.get("metadata")
    about = metadata if isinstance(metadata, Mapping) else {}
    fields = {
        "apiVersion": found.get("apiVersion"),
        "kind": found.get("kind"),
        "namespace": about.get("namespace"),
        "name": about.get("name"),
        "error": found.get("error"),
    }
    return {"path": path, **{key: value for key, value in fields.items() if value}}


def _upstream(kptfile: Data) -> str:
    """Where a package was fetched from, in a few words."""
    for section in ("upstreamLock", "upstream"):
        found = kptfile.get(section) if isinstance(kptfile, Mapping) else None
        git = found.get("git") if isinstance(found, Mapping) else None
        if isinstance(git, Mapping):
            directory = str(git.get("directory", "")).strip("/")
            commit = f" ({str(git['commit'])[:7]})" if git.get("commit") else ", not fetched"
            return f"{git.get('repo')}/{directory}@{git.get('ref')}{commit}"
    return ""


def _origin(branch: Branch) -> str:
    return f"  from {branch.upstream}" if branch.upstream else ""


def _lines(branch: Branch, indent: str) -> Iterator[str]:
    """What is below a package."""
    left = len(branch.resources) + len(branch.packages)
    for resource in branch.resources:
        left -= 1
        yield f"{indent}{'├── ' if left else '└── '}{_title(resource)}"
    for package in branch.packages:
        left -= 1
        name = package.directory[len(branch.directory) + 1 if branch.directory else 0 :]
        yield f'{indent}{"├── " if left else "└── "}Package "{name}"{_origin(package)}'
        yield from _lines(package, indent + ("│   " if left else "    "))


def _title(resource: Mapping[str, Data]) -> str:
    path, error = resource["path"], resource.get("error")
    if error:
        return f"[{path}]  cannot be read: {error}"
    if not resource.get("kind"):
        return f"[{path}]  no resource"
    name = "/".join(str(resource[key]) for key in ("namespace", "name") if key in resource)
    return f"[{path}]  {resource['kind']} {name}".rstrip()


def _data(branch: Branch) -> dict[str, Data]:
    return {
        "path": branch.directory or ".",
        "isPackage": branch.is_package,
        "upstream": branch.upstream,
        "resources": list(branch.resources),
        "packages": [_data(each) for each in branch.packages],
    }
