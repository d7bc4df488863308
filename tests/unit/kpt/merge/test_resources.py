"""Which resources are there after an upgrade, and in which file."""

from porch.kpt.merge.conflicts import Taken
from tests.unit.kpt.merge.packages import config_map, merged_files, upgraded

A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 1, mine: m}")
B = config_map("{y: 1}", "b")
C = config_map("{z: 1}", "c")


def test_a_resource_that_is_new_upstream_is_added() -> None:
    """It comes with the bytes that upstream has given it."""
    assert merged_files({}, {"a.yaml": A}, {}) == {"a.yaml": A}


def test_a_resource_of_local_only_stays() -> None:
    """Upstream does not know it."""
    assert merged_files({}, {}, {"a.yaml": A}) == {"a.yaml": A}


def test_a_resource_removed_locally_stays_away() -> None:
    """Whoever removed it does not want it back with each upgrade."""
    assert merged_files({"a.yaml": A}, {"a.yaml": A}, {}) == {}


def test_a_resource_removed_locally_and_changed_upstream_stays_away_with_a_conflict() -> None:
    """The change may be a reason to think again."""
    result = upgraded({"a.yaml": A}, {"a.yaml": A2}, {})

    assert "a.yaml" not in result.content
    assert [(c.path, str(c.resource), c.field, c.ours, c.taken) for c in result.conflicts] == [
        ("a.yaml", "ConfigMap a", "", None, Taken.LOCAL)
    ]


def test_a_resource_removed_upstream_and_unchanged_locally_is_removed() -> None:
    """Layout and order are no change."""
    laid_out = "kind: ConfigMap\napiVersion: v1\ndata:\n    'x':   1\nmetadata: {name: a}\n"

    assert merged_files({"a.yaml": A}, {}, {"a.yaml": laid_out}) == {}


def test_the_marks_of_a_clone_are_no_change() -> None:
    """They are set on everything; else nothing would ever be removed."""
    marked = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: # kpt-merge: /a\n  name: a\n  annotations:\n"
        "    internal.kpt.dev/upstream-identifier: '|ConfigMap|default|a'\ndata: {x: 1}\n"
    )

    assert merged_files({"a.yaml": A}, {}, {"a.yaml": marked}) == {}


def test_a_resource_removed_upstream_and_changed_locally_stays_with_a_conflict() -> None:
    """Nobody's work is thrown away."""
    result = upgraded({"a.yaml": A}, {}, {"a.yaml": MINE})

    assert result.content["a.yaml"].text == MINE
    assert [(c.field, c.theirs, c.taken) for c in result.conflicts] == [("", None, Taken.LOCAL)]


def test_a_comment_is_a_change() -> None:
    """People wrote it."""
    noted = A + "# needed by team x\n"

    assert merged_files({"a.yaml": A}, {}, {"a.yaml": noted}) == {"a.yaml": noted}


def test_a_resource_renamed_locally_is_found_by_its_mark() -> None:
    """A clone marks each resource with the name that it has upstream."""
    renamed = config_map("{x: 1}", "mine", marks=" # kpt-merge: /a")
    expected = config_map("{x: 2}", "mine", marks=" # kpt-merge: /a")

    assert merged_files({"a.yaml": A}, {"a.yaml": A2}, {"a.yaml": renamed}) == {"a.yaml": expected}


def test_a_resource_renamed_locally_is_found_by_its_annotation() -> None:
    """Clients that read and write structures lose comments."""
    renamed = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n  annotations:\n"
        "    internal.kpt.dev/upstream-identifier: '|ConfigMap|default|a'\ndata: {x: 1}\n"
    )
    files = merged_files({"a.yaml": A}, {"a.yaml": A2}, {"a.yaml": renamed})

    assert files == {"a.yaml": renamed.replace("x: 1", "x: 2")}


def test_a_resource_moved_locally_gets_the_change_of_upstream_where_it_is() -> None:
    """In kpt the file is part of the identity, and the change is lost."""
    files = merged_files({"a.yaml": A}, {"a.yaml": A2}, {"mine/b.yaml": A})

    assert files == {"mine/b.yaml": A2}


def test_a_resource_moved_upstream_takes_local_changes_along() -> None:
    """In kpt it is then there twice."""
    files = merged_files({"a.yaml": A}, {"b.yaml": A}, {"a.yaml": MINE})

    assert files == {"b.yaml": MINE}


def test_a_resource_moved_into_another_file_leaves_the_rest_alone() -> None:
    """Only what moved is merged where it went."""
    files = merged_files(
        {"a.yaml": A, "b.yaml": B}, {"a.yaml": A2, "b.yaml": B}, {"b.yaml": f"{B}---\n{A}"}
    )

    assert files == {"b.yaml": f"{B}---\n{A2}"}


def test_documents_added_on_both_sides_are_both_kept() -> None:
    """Local's comes first."""
    files = merged_files({"a.yaml": A}, {"a.yaml": f"{A}---\n{B}"}, {"a.yaml": f"{A}---\n{C}"})

    assert files == {"a.yaml": f"{A}---\n{C}---\n{B}"}


def test_documents_that_upstream_reordered_follow_it() -> None:
    """Unless local has an order of its own."""
    swapped = f"{B}---\n{A}"
    files = merged_files(
        {"a.yaml": f"{A}---\n{B}"}, {"a.yaml": swapped}, {"a.yaml": f"{MINE}---\n{B}"}
    )

    assert files == {"a.yaml": f"{B}---\n{MINE}"}


def test_the_same_name_in_two_files_is_two_resources() -> None:
    """Packages with variants have them; each merges in its file."""
    original = {"dev.yaml": A, "prod.yaml": A}
    files = merged_files(original, original | {"dev.yaml": A2}, original | {"prod.yaml": MINE})

    assert files == {"dev.yaml": A2, "prod.yaml": MINE}


def test_files_that_one_side_left_alone_keep_their_bytes() -> None:
    """Diffs of an upgrade show what it did and nothing else."""
    odd = "apiVersion:   v1\nkind: ConfigMap\n\nmetadata:\n    name: a\n"
    files = merged_files(
        {"a.yaml": odd, "b.yaml": B}, {"a.yaml": odd, "b.yaml": odd}, {"a.yaml": A, "b.yaml": B}
    )

    assert files == {"a.yaml": A, "b.yaml": odd}


def test_a_version_bump_is_a_change_of_the_same_resource() -> None:
    """The version is no part of the identity."""
    old = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\nspec: {x: 1}\n"
    new = old.replace("v1beta1", "v1")
    local = old.replace("x: 1", "x: 5")

    assert merged_files({"a.yaml": old}, {"a.yaml": new}, {"a.yaml": local}) == {
        "a.yaml": local.replace("v1beta1", "v1")
    }
