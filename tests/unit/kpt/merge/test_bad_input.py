"""What cannot be merged says where, and leaves no half of a merge."""

import pytest

from porch.errors import Permanent
from porch.kpt.content import BadPath, Content, File
from porch.kpt.files import BadPackage, PackageLimits
from porch.kpt.merge.documents import DuplicateResource, Unread
from porch.kpt.merge.kptfiles import UnmergeableKptfile
from porch.kpt.merge.upgrade import NotAPackage, Strategy, upgrade
from porch.kpt.yaml.errors import BadYaml
from tests.unit.kpt.merge.packages import KPTFILE, config_map, package, upgraded

A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 5}")


@pytest.mark.parametrize("strategy", Strategy)
def test_local_and_updated_must_be_packages(strategy: Strategy) -> None:
    """A wrong directory must not wipe a package."""
    whole, other = package({"a.yaml": A}), Content.from_texts({"a.yaml": A})

    with pytest.raises(NotAPackage, match="updated must be a package"):
        upgrade(whole, other, whole, strategy=strategy)
    with pytest.raises(NotAPackage, match="local must be a package"):
        upgrade(whole, whole, other, strategy=strategy)


def test_original_may_be_empty() -> None:
    """A package that was not cloned can be attached to an upstream."""
    empty = Content({})
    result = upgrade(
        empty, package({"a.yaml": A}), package({"b": "1"}), strategy=Strategy.RESOURCE_MERGE
    )

    assert result.content == package({"a.yaml": A, "b": "1"})


@pytest.mark.parametrize("side", ["original", "updated", "local"])
def test_text_that_is_no_yaml_is_named_with_side_file_and_line(side: str) -> None:
    """Three versions of the file are at hand, and one is wrong."""
    texts = {"original": A, "updated": A2, "local": MINE} | {side: "a: 1\nb: [\n"}

    with pytest.raises(BadYaml, match=rf"^{side} a.yaml: line [23]"):
        upgraded(*({"a.yaml": text} for text in texts.values()))


def test_text_that_need_not_be_read_may_be_anything() -> None:
    """Only what changed on both sides is read."""
    bad = {"a.yaml": "{{", "sub/Kptfile": "{{", "sub/f": "1"}
    result = upgraded(bad, bad | {"a.yaml": "{{ 2"}, bad | {"sub/f": "5"})

    assert result.content == package(bad | {"a.yaml": "{{ 2", "sub/f": "5"})


def test_a_resource_that_is_twice_in_a_file_is_named() -> None:
    """Nobody can tell which of them was changed."""
    with pytest.raises(
        DuplicateResource, match=r"^updated a.yaml: line 7: .*ConfigMap a"
    ) as caught:
        upgraded({"a.yaml": A}, {"a.yaml": f"{A}---\n{A2}"}, {"a.yaml": MINE})

    assert (caught.value.path, caught.value.line) == ("a.yaml", 7)


def test_documents_without_names_are_told_apart_by_number() -> None:
    """Values for other tools need not be resources."""
    result = upgraded(
        {"a.yaml": "x: 1\n---\nx: 1\n"},
        {"a.yaml": "x: 2\n---\nx: 1\n"},
        {"a.yaml": "x: 1\n---\nx: 5\n"},
    )

    assert result.content["a.yaml"].text == "x: 2\n---\nx: 5\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KPTFILE.replace("v1", "v1alpha2"), r"line 1: .*must be `kpt.dev/v1` `Kptfile`, found"),
        (A, r"line 1: .*found 'v1' 'ConfigMap'"),
        (KPTFILE + "---\n" + KPTFILE, "line 6: a Kptfile must hold one document, found 2"),
        (
            "apiVersion: kpt.dev/v1\nkind: Kptfile\n",
            "line 1: a Kptfile must have the mapping `metadata`",
        ),
    ],
    ids=["old version", "another kind", "two documents", "no metadata"],
)
def test_a_kptfile_that_cannot_be_merged_is_named(text: str, message: str) -> None:
    """With its side: bring that package up to date."""
    local = {"Kptfile": KPTFILE + "info: {site: s}\n"}

    with pytest.raises(UnmergeableKptfile, match=f"^updated Kptfile: {message}"):
        upgraded({}, {"Kptfile": text}, local)


def test_bytes_that_are_needed_must_have_been_read() -> None:
    """Content may hold ids only; guessing would lose what is behind them."""
    unread = Content({**package({}), "a.yaml": File(File.of(A.encode()).blob)})

    with pytest.raises(Unread, match=r"^a.yaml: "):
        upgrade(
            unread,
            package({"a.yaml": A2}),
            package({"a.yaml": MINE}),
            strategy=Strategy.RESOURCE_MERGE,
        )


@pytest.mark.parametrize("most", [1, 2], ids=["a side", "the result"])
def test_sizes_are_bounded(most: int) -> None:
    """As they are for a render; a merge may have more files than each of its sides."""
    sides = (package({}), package({"a.yaml": A}), package({"b.yaml": A}))

    with pytest.raises(BadPackage, match=f"at most {most} files, found {most + 1}"):
        upgrade(*sides, strategy=Strategy.RESOURCE_MERGE, limits=PackageLimits(max_files=most))


def test_a_path_cannot_be_a_file_and_a_folder() -> None:
    """One of them must give way before the upgrade."""
    with pytest.raises(BadPath, match="'a' must not be both a file and the folder of 'a/b'"):
        upgraded({}, {"a/b": "2"}, {"a": "5"})


def test_a_failure_changes_nothing() -> None:
    """The sides are values: what was given is what is left."""
    original, updated = package({"a.yaml": A}), package({"a.yaml": "x: ["})
    local = package({"a.yaml": MINE})
    before = (original.digest, updated.digest, local.digest)

    with pytest.raises(Permanent):
        upgrade(original, updated, local, strategy=Strategy.RESOURCE_MERGE)

    assert (original.digest, updated.digest, local.digest) == before
