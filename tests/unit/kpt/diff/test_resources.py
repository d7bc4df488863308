"""What a difference says of resources."""

import pytest

from porch.kpt.diff.changes import Change, Nature
from porch.kpt.merge.conflicts import ResourceId
from tests.unit.kpt.diff.contents import between, config_map, deployment

CM = ResourceId("", "ConfigMap", "", "cm")


def test_a_resource_is_added_removed_or_changed() -> None:
    """Group, kind, namespace and name tell which one it is, whatever its place in the file."""
    diff = between(
        {"a.yaml": config_map("cm") + "---\n" + config_map("old")},
        {"a.yaml": config_map("new") + "---\n" + config_map("cm", "k: w")},
    )

    assert [(each.change, each.resource.name) for each in diff.resources] == [
        (Change.ADDED, "new"),
        (Change.CHANGED, "cm"),
        (Change.REMOVED, "old"),
    ]
    assert [(each.path, each.nature) for each in diff.files] == [("a.yaml", Nature.RESOURCES)]


def test_a_resource_in_another_file_was_moved() -> None:
    """It is neither removed nor added."""
    other = config_map("other")
    diff = between(
        {"a.yaml": config_map() + "---\n" + other}, {"a.yaml": other, "b.yaml": config_map()}
    )

    (moved,) = diff.resources
    assert (moved.change, moved.resource, moved.previous_path, moved.path) == (
        Change.MOVED,
        CM,
        "a.yaml",
        "b.yaml",
    )


def test_a_renamed_file_is_recognised_by_its_resource() -> None:
    """Although its text changed, too."""
    diff = between({"a.yaml": config_map()}, {"b.yaml": config_map(data="k: w")})

    (resource,) = diff.resources
    (file,) = diff.files
    assert (resource.change, resource.previous_path) == (Change.CHANGED, "a.yaml")
    assert (file.change, file.previous_path, file.path) == (Change.CHANGED, "a.yaml", "b.yaml")


def test_a_renamed_file_is_recognised_by_its_bytes() -> None:
    """As git does it for files that are no resources."""
    (file,) = between({"a.txt": "text\n"}, {"b.txt": "text\n"}).files

    assert (file.change, file.previous_path) == (Change.MOVED, "a.txt")


def test_two_files_of_the_same_bytes_are_not_guessed_at() -> None:
    """Either of them may have become the new one."""
    diff = between({"a.txt": "t", "b.txt": "t"}, {"c.txt": "t"})

    assert [each.change for each in diff.files] == [Change.REMOVED, Change.REMOVED, Change.ADDED]


def test_a_resource_that_was_renamed_is_found_by_its_merge_comment() -> None:
    """The comment says what its name is upstream."""
    renamed = config_map("mine").replace("metadata:", "metadata: # kpt-merge: /cm")
    (change,) = between({"a.yaml": config_map()}, {"a.yaml": renamed}).resources

    assert change.resource.name == "mine"
    assert [each.path for each in change.fields] == ["metadata.name"]


def test_a_resource_in_another_namespace_is_the_same_one() -> None:
    """Variants are mostly told apart by their namespace."""
    (change,) = between(
        {"a.yaml": config_map()}, {"a.yaml": config_map(namespace="shop")}
    ).resources

    assert [(each.path, each.change) for each in change.fields] == [
        ("metadata.namespace", Change.ADDED)
    ]


def test_another_group_is_another_resource_and_another_version_is_not() -> None:
    """Kubernetes converts versions, not groups."""
    old = deployment()
    version = between({"a.yaml": old}, {"a.yaml": old.replace("apps/v1", "apps/v2")})
    group = between({"a.yaml": old}, {"a.yaml": old.replace("apps/v1", "extensions/v1")})

    assert [each.change for each in version.resources] == [Change.CHANGED]
    assert {each.change for each in group.resources} == {Change.ADDED, Change.REMOVED}


def test_comments_and_layout_are_told_as_such() -> None:
    """No resource says anything else; the text does."""
    diff = between({"a.yaml": config_map()}, {"a.yaml": "# mine\n" + config_map()})

    assert diff.resources == ()
    assert [(each.path, each.nature) for each in diff.other_files] == [("a.yaml", Nature.LAYOUT)]


@pytest.mark.parametrize("text", ["a: [\n", "values: 1\n", config_map() + "---\n- a\n"])
def test_what_is_no_resource_is_told_as_text(text: str) -> None:
    """Neither broken YAML nor values stop a difference, on either side."""
    for before, after in ((text, config_map()), (config_map(), text)):
        diff = between({"a.yaml": before}, {"a.yaml": after})

        assert diff.resources == ()
        assert [each.nature for each in diff.files] == [Nature.TEXT]


def test_counts_are_of_resources() -> None:
    """They make the one line that tells how much changed."""
    diff = between({"a.yaml": config_map("a")}, {"b.yaml": config_map("b")})

    assert diff.counts() == {
        Change.ADDED: 1,
        Change.CHANGED: 0,
        Change.MOVED: 0,
        Change.REMOVED: 1,
    }
