"""Packages for the tests of merging: only what a test is about needs to be said."""

from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File, FileMode
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.merge.upgrade import Strategy, Upgraded, upgrade

KPTFILE = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: pkg\n"

Files = dict[str, str]


def package(files: Files) -> Content:
    """A package of these texts; its Kptfile is a plain one unless it is given."""
    return Content.from_texts({"Kptfile": KPTFILE} | files)


def upgraded(
    original: Files,
    updated: Files,
    local: Files,
    *,
    strategy: Strategy = Strategy.RESOURCE_MERGE,
    mode: Compatibility = Compatibility.DEFAULT,
) -> Upgraded:
    """The upgrade of such packages."""
    sides = (package(files) for files in (original, updated, local))
    return upgrade(*sides, strategy=strategy, mode=mode)


def merged_files(
    original: Files,
    updated: Files,
    local: Files,
    *,
    strategy: Strategy = Strategy.RESOURCE_MERGE,
    mode: Compatibility = Compatibility.DEFAULT,
) -> Files:
    """The texts of the merged package, without a Kptfile that says nothing."""
    content = upgraded(original, updated, local, strategy=strategy, mode=mode).content
    return {
        path: text for path, text in content.texts.items() if path != "Kptfile" or text != KPTFILE
    }


def merged(original: str, updated: str, local: str) -> str:
    """The merge of a package of one resource file."""
    files = merged_files({"a.yaml": original}, {"a.yaml": updated}, {"a.yaml": local})
    return files["a.yaml"]


def conflicts(original: str, updated: str, local: str) -> tuple[Conflict, ...]:
    """What both sides changed in a package of one resource file."""
    return upgraded({"a.yaml": original}, {"a.yaml": updated}, {"a.yaml": local}).conflicts


def kptfile(rest: str) -> str:
    """A Kptfile with something in it."""
    return KPTFILE + rest


def config_map(data: str, name: str = "a", marks: str = "") -> str:
    """A ConfigMap; `data` in flow style."""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:{marks}\n  name: {name}\ndata: {data}\n"


def deployment(spec: str, name: str = "web") -> str:
    """A Deployment whose pod has this spec, in flow style."""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        f"spec:\n  template:\n    spec: {spec}\n"
    )


def executable(text: str) -> File:
    """A file that may be run."""
    return File.of(text.encode(), FileMode.EXECUTABLE)
