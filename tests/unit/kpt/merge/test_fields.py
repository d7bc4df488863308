"""What becomes of the fields of a resource that both sides have."""

import pytest

from porch.kpt.merge.conflicts import Conflict, ResourceId, Taken
from tests.unit.kpt.merge.packages import config_map, conflicts, merged

CASES = {  # original, updated, local, merged
    "changed upstream": ("{a: 1}", "{a: 2}", "{a: 1}", "{a: 2}"),
    "changed locally": ("{a: 1}", "{a: 1}", "{a: 5}", "{a: 5}"),
    "changed to the same": ("{a: 1}", "{a: 2}", "{a: 2}", "{a: 2}"),
    "changed on different fields": ("{a: 1, b: 1}", "{a: 2, b: 1}", "{a: 1, b: 5}", "{a: 2, b: 5}"),
    "removed upstream": ("{a: 1, b: 1}", "{b: 1}", "{a: 1, b: 5}", "{b: 5}"),
    "removed locally": ("{a: 1, b: 1}", "{a: 1, b: 2}", "{b: 1}", "{b: 2}"),
    "added on both sides": ("{}", "{a: 1}", "{b: 1}", "{a: 1, b: 1}"),
    "added upstream, in its place": ("{a: 1, c: 1}", "{a: 1, b: 1, c: 1}", "{a: 5, c: 1}",
                                     "{a: 5, b: 1, c: 1}"),
    "null is a value": ("{a: null, b: 1}", "{a: null, b: 2}", "{a: null, b: 1, c: 1}",
                        "{a: null, b: 2, c: 1}"),
    "string and number differ": ('{a: "1"}', "{a: 1}", '{a: "1", b: 1}', "{a: 1, b: 1}"),
    "list as a whole": ("{a: [1, 2]}", "{a: [1, 2, 3]}", "{a: [1, 2], b: 1}",
                        "{a: [1, 2, 3], b: 1}"),
    "map removed upstream": ("{a: {b: 1}, c: 1}", "{c: 1}", "{a: {b: 1}, c: 2}", "{c: 2}"),
    "map removed upstream, filled locally": ("{a: {b: 1}}", "{}", "{a: {b: 1, mine: 2}}",
                                             "{a: {mine: 2}}"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_field_that_one_side_changed_is_as_that_side_has_it(
    case: tuple[str, str, str, str],
) -> None:
    """And nothing else of what either side did is lost."""
    original, updated, local, expected = (config_map(data) for data in case)

    assert merged(original, updated, local) == expected
    assert conflicts(original, updated, local) == ()


CONFLICTS = {  # original, updated, local, merged, field
    "changed differently": ("{a: 1}", "{a: 2}", "{a: 5}", "{a: 2}", "data.a"),
    "added differently": ("{}", "{a: 2}", "{a: 5}", "{a: 2}", "data.a"),
    "removed upstream": ("{a: 1}", "{}", "{a: 5}", "{}", "data.a"),
    "removed locally": ("{a: 1, b: 1}", "{a: 2, b: 1}", "{b: 1}", "{a: 2, b: 1}", "data.a"),
    "lists": ("{a: [1]}", "{a: [1, 2]}", "{a: [1, 5]}", "{a: [1, 2]}", "data.a"),
    "another kind upstream": ("{a: {b: 1}}", "{a: 2}", "{a: {b: 5}}", "{a: 2}", "data.a"),
    "a name with dots": ("{a.b: 1}", "{a.b: 2}", "{a.b: 5}", "{a.b: 2}", 'data["a.b"]'),
    "deep down": ("{a: {b: {c: 1}}}", "{a: {b: {c: 2}}}", "{a: {b: {c: 5}}}",
                  "{a: {b: {c: 2}}}", "data.a.b.c"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS.values(), ids=CONFLICTS)
def test_a_field_that_both_sides_changed_differently_is_upstreams_and_a_conflict(
    case: tuple[str, str, str, str, str],
) -> None:
    """In kpt nobody is told."""
    *sides, field = case
    original, updated, local, expected = (config_map(data) for data in sides)
    found = conflicts(original, updated, local)

    assert merged(original, updated, local) == expected
    assert [(each.field, each.taken) for each in found] == [(field, Taken.UPDATED)]


def test_a_conflict_tells_file_resource_field_and_all_three_values() -> None:
    """Enough to decide anew without looking for the versions."""
    found = conflicts(config_map("{a: 1}"), config_map("{a: 2}"), config_map("{a: 5}"))

    assert found == (
        Conflict(
            "a.yaml",
            ResourceId("", "ConfigMap", "", "a"),
            "data.a",
            base="1",
            ours="5",
            theirs="2",
            taken=Taken.UPDATED,
        ),
    )


def test_the_text_of_a_conflict_keeps_values_to_itself() -> None:
    """They may be secrets, and texts get into logs."""
    (found,) = conflicts(config_map("{a: s1}"), config_map("{a: s2}"), config_map("{a: s3}"))

    assert str(found) == (
        "a.yaml: ConfigMap a: data.a was changed differently on both sides; took updated"
    )
    assert not {"s1", "s2", "s3"} & set(repr(found).replace("'", " ").split())


def test_conflicts_come_in_one_order() -> None:
    """By field within a resource, whatever order the fields have."""
    found = conflicts(
        config_map("{z: 1, a: 1}"), config_map("{z: 2, a: 2}"), config_map("{z: 3, a: 3}")
    )

    assert [each.field for each in found] == ["data.a", "data.z"]


def test_comments_of_local_stay_when_a_value_changes_upstream() -> None:
    """They are what people wrote."""
    original = "kind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n  y: 1\n"
    updated = original.replace("x: 1", "x: 2 # theirs")
    local = original.replace("  x: 1\n", "  # why\n  x: 1 # mine\n")

    assert merged(original, updated, local) == local.replace("x: 1", "x: 2")


def test_comments_that_only_upstream_changed_arrive() -> None:
    """Also on a resource that local has changed elsewhere."""
    original = "kind: A\nmetadata:\n  name: a\nspec:\n  x: 1 # old\n  y: 1\n"
    updated = original.replace("old", "new")
    local = original.replace("y: 1", "y: 5")

    assert merged(original, updated, local) == local.replace("old", "new")


def test_local_keeps_its_order_of_fields() -> None:
    """Order says nothing; moving fields about would only make diffs longer."""
    original, updated = config_map("{a: 1, b: 1}"), config_map("{b: 1, a: 2}")

    assert merged(original, updated, config_map("{a: 1, b: 5}")) == config_map("{a: 2, b: 5}")


def test_aliases_are_replaced_where_documents_must_be_merged() -> None:
    """An anchor of one side need not mean the same on another one."""
    original = "kind: A\nmetadata: {name: a}\nx: &x {p: 1}\ny: *x\nz: 1\n"
    updated = original.replace("p: 1", "p: 2")
    local = original.replace("z: 1", "z: 5")

    assert merged(original, updated, local) == (
        "kind: A\nmetadata: {name: a}\nx: {p: 2}\ny: {p: 2}\nz: 5\n"
    )
