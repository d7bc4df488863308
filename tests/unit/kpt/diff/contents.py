"""Packages to compare, in memory."""

from hypothesis import strategies as st

from porch.kpt.content import Content, File, FileMode
from porch.kpt.diff.changes import Diff, FieldChange
from porch.kpt.diff.compare import compare


def deployment(name: str = "web", *, image: str = "nginx:1", extra: str = "") -> str:
    """A Deployment of one container."""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n{extra}"
        f"spec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n"
        f"      - name: main\n        image: {image}\n"
    )


def config_map(name: str = "cm", data: str = "k: v", *, namespace: str = "") -> str:
    """A ConfigMap."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{where}data:\n  {data}\n"


def between(before: dict[str, str], after: dict[str, str]) -> Diff:
    """The difference of two packages of text."""
    return compare(Content.from_texts(before), Content.from_texts(after))


def fields(before: str, after: str) -> list[FieldChange]:
    """The fields that differ between two texts of one resource."""
    (change,) = between({"a.yaml": before}, {"a.yaml": after}).resources
    return list(change.fields)


names = st.sampled_from(["a.yaml", "b.yaml", "d/a.yaml", "Kptfile", "x.txt", "d/é b.txt", "run.sh"])
texts = st.one_of(
    st.builds(config_map, st.sampled_from("abc"), st.sampled_from(["k: v", "k: w", "z: .nan"])),
    st.lists(st.sampled_from(["", "a", "b", "c\r", "- x", "{"]), max_size=12).map("\n".join),
    st.lists(st.builds(config_map, st.sampled_from("abc")), max_size=3).map("---\n".join),
)
files = st.one_of(
    st.builds(File.of, texts.map(str.encode), st.sampled_from(["100644", "100755"]).map(FileMode)),
    st.builds(File.of, st.binary(max_size=6)),
    st.builds(File.of, st.sampled_from([b"a.yaml", b"../x"]), st.just(FileMode.SYMLINK)),
)
contents = st.dictionaries(names, files, max_size=6).map(Content)
