"""Reading and editing trees: what is kept of what people wrote."""

import pytest

from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import DOUBLE, Data, Node, WrongNode
from porch.kpt.yaml.parse import parse


def tree(text: str) -> Node:
    [document] = parse(text)
    return document.root


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: 'x' # c\nb: y\n", "z", "a: 'z' # c\nb: y\n"),
        ("# h\na: x\n", "1", '# h\na: "1"\n'),
        ("a: 1\n", "on", 'a: "on"\n'),
        ('a: "1"\n', "2", 'a: "2"\n'),
        ("a: |\n  x\n", "y", "a: |-\n  y\n"),
        ("a:\n", "x", "a: x\n"),
        ("b: y # c\n", "x", "b: y # c\na: x\n"),
    ],
)
def test_set_keeps_style_and_comments_and_stays_a_string(
    text: str, value: str, expected: str
) -> None:
    """A string that a reader would take for something else gets quotes."""
    root = tree(text)
    root.set("a", value)

    assert emit_document(root) == expected


def test_set_with_a_typed_node_drops_the_quotes_of_a_string() -> None:
    """A number that kept them would be a string."""
    root = tree("a: '1' # c\n")
    root.set("a", Node.scalar("2"))

    assert emit_document(root) == "a: 2 # c\n"


def test_remove_takes_the_comments_of_the_field_along() -> None:
    """They would else comment on its neighbour."""
    root = tree("# one\na: 1 # two\nb: 2\n")

    assert root.remove("a")
    assert not root.remove("a")
    assert emit_document(root) == "b: 2\n"


def test_child_makes_the_mapping_that_is_missing() -> None:
    """Null counts as missing; in a flow mapping the new one is flow, too."""
    root = tree("a: {}\nb:\n")
    root.child("a").child("x").set("k", "z")
    root.child("b").set("c", "d")

    assert emit_document(root) == "a: {x: {k: z}}\nb:\n  c: d\n"


def test_a_method_of_mappings_says_where_it_met_something_else() -> None:
    """The line is the one in the file."""
    root = tree("a: 1\nb: [x]\n")

    with pytest.raises(WrongNode, match=r"line 2: wrong node kind: must be MappingNode"):
        root.child("b")


def test_at_walks_keys_and_indices() -> None:
    """Absent steps give nothing, at whatever depth."""
    root = tree("a:\n- b: c\n- d: 1\n")

    assert root.text("a", 0, "b") == "c"
    assert root.text("a", -1, "d") == "1"
    assert root.at("a", 2, "x", "y") is None
    assert [path for path, _ in root.walk()] == [
        (), ("a",), ("a", 0), ("a", 0, "b"), ("a", 1), ("a", 1, "d"),
    ]  # fmt: skip


def test_equality_is_of_what_is_printed_and_same_data_of_what_is_said() -> None:
    """Comments and quotes count for one and not for the other."""
    one, other = tree("a: x # c\n"), tree("a: 'x'\n")

    assert one != other
    assert one.same_data(other)
    assert one == one.clone()


def test_a_clone_shares_nothing() -> None:
    """Editing it leaves the original alone."""
    root = tree("a: {b: c}\n")
    root.clone().child("a").set("b", "d")

    assert root.text("a", "b") == "c"


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("yes", "yes"), ("on", "on"), ("true", True), ("0777", 511), ("0o17", 15), ("0x1F", 31),
        ("1_000", 1000), ("1e3", 1000.0), (".5", 0.5), ("~", None), ("2024-01-02", "2024-01-02"),
        ("12:30", "12:30"), ("'1'", "1"), ("!!str 1", "1"), ("+1", 1), ("-0", 0), ("089", 89.0),
    ],
)  # fmt: skip
def test_plain_text_means_what_it_means_to_kubernetes_tools(text: str, data: object) -> None:
    """YAML 1.2 as go-yaml v3 reads it."""
    assert tree(f"a: {text}\n").to_data() == {"a": data}


def test_data_becomes_a_tree_that_says_the_same() -> None:
    """Strings that look like something else are quoted, many lines become a block."""
    data: Data = {"a": ["yes", "1", "x: y", "", True, None, 2, 1.5], "b": "one\ntwo\n", "c": {}}
    node = Node.from_data(data)

    assert tree(emit_document(node)).to_data() == data
    assert Node.string("no").style == DOUBLE
