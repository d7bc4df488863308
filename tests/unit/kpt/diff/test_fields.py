"""What a difference says of fields."""

import pytest

from porch.kpt.diff.changes import Change, FieldChange
from tests.unit.kpt.diff.contents import config_map, deployment, fields

CONTAINERS = "spec.template.spec.containers"


def test_a_field_is_told_by_its_path_with_both_values() -> None:
    """Elements of lists are named by what identifies them."""
    assert fields(deployment(), deployment(image="nginx:2")) == [
        FieldChange(f"{CONTAINERS}[name=main].image", Change.CHANGED, "nginx:1", "nginx:2")
    ]


def test_an_element_is_found_wherever_it_stands() -> None:
    """One more in front of it changes nothing for it."""
    before = deployment()
    after = before.replace(
        "      - name: main", "      - name: init\n        image: i\n      - name: main"
    )

    assert fields(before, after) == [
        FieldChange(f"{CONTAINERS}[name=init]", Change.ADDED, None, {"name": "init", "image": "i"})
    ]


def test_another_order_of_elements_is_a_change() -> None:
    """Functions of a pipeline, say, run in their order."""
    two = "apiVersion: v1\nkind: X\nmetadata: {name: x}\nlist: [{name: a}, {name: b}]\n"
    other = two.replace("[{name: a}, {name: b}]", "[{name: b}, {name: a}]")

    assert fields(two, other) == [
        FieldChange("list", Change.REORDERED, ["name=a", "name=b"], ["name=b", "name=a"])
    ]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("[a, b]", "[a, b, c]", [("data[2]", "added")]),
        ("[a, b]", "[x, a, b]", [("data[0]", "added")]),
        ("[a, b, c]", "[a, c]", [("data[1]", "removed")]),
        ("[a, b, c]", "[a, x, c]", [("data[1]", "changed")]),
        ("[{name: a}, {name: a}]", "[{name: a}]", [("data[1]", "removed")]),
        ("[{i: 1}, {i: 2}]", "[{i: 1}, {i: 3}]", [("data[1].i", "changed")]),
        ("[[a]]", "[[b]]", [("data[0][0]", "changed")]),
    ],
)
def test_other_lists_are_aligned(before: str, after: str, changes: list[tuple[str, str]]) -> None:
    """A number counts from 0: in the old list where an element is gone, else in the new one."""
    text = "apiVersion: v1\nkind: X\nmetadata: {name: x}\ndata: {}\n"
    found = fields(text.replace("{}", before), text.replace("{}", after))

    assert [(each.path, str(each.change)) for each in found] == changes


@pytest.mark.parametrize(("before", "after"), [("1", "'1'"), ("1", "1.0"), ("1", "true")])
def test_types_count(before: str, after: str) -> None:
    """For Kubernetes they are different values."""
    (change,) = fields(config_map(data=f"k: {before}"), config_map(data=f"k: {after}"))

    assert change.path == "data.k"


def test_null_is_not_absence() -> None:
    """Null removes what a server has; absence leaves it."""
    (added,) = fields(config_map(data="a: 1"), config_map(data="a: 1\n  b: null"))
    (changed,) = fields(config_map(data="a: 1"), config_map(data="a: null"))

    assert (added.change, added.after) == (Change.ADDED, None)
    assert (changed.change, changed.after) == (Change.CHANGED, None)


def test_a_key_with_dots_is_quoted() -> None:
    """Else the path could not be read."""
    (change,) = fields(config_map(data="a.b/c: 1"), config_map(data="a.b/c: 2"))

    assert change.path == 'data["a.b/c"]'


def test_aliases_count_as_what_they_stand_for() -> None:
    """An anchor is a way of writing."""
    (change,) = fields(config_map(data="a: &x 1\n  b: *x"), config_map(data="a: &x 2\n  b: 1"))

    assert change.path == "data.a"
