"""What holds for every tree and every text."""

import itertools
import os
import time
from contextlib import suppress

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.emit import emit, emit_document
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import DOUBLE, FOLDED, LITERAL, PLAIN, SINGLE, Kind, Node
from porch.kpt.yaml.parse import parse

FUZZ_SECONDS = float(os.environ.get("PORCH_FUZZ_SECONDS", "5"))

calm = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow], database=None
)

words = st.text(st.sampled_from("abc xyz:-#'\"\\\n\t{}[],&*!|>%@`?~0123.é☃\u2028\x07"), max_size=12)
keys = words.filter(bool)
styles = st.sampled_from([PLAIN, SINGLE, DOUBLE, LITERAL, FOLDED])
comments = st.one_of(st.just(""), st.sampled_from(["# one", "# a: b", "#", "# - x"]))


@st.composite
def scalars(draw: st.DrawFn) -> Node:
    node = Node.scalar(draw(words), style=draw(styles))
    node.line_comment = draw(comments)
    return node


def mappings(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    fields = st.lists(st.tuples(keys, children), max_size=4, unique_by=lambda pair: pair[0])
    return st.builds(Node.mapping, fields, flow=st.booleans())


def sequences(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(Node.sequence, st.lists(children, max_size=4), flow=st.booleans())


trees = st.recursive(
    scalars(), lambda children: mappings(children) | sequences(children), max_leaves=12
)
roots = mappings(trees).filter(lambda root: bool(root.content))


def data(node: Node) -> object:
    """Text and shape only: what a reader gets."""
    if node.kind is Kind.SCALAR:
        return None if node.is_null else (node.value, node.is_string)
    if node.kind is Kind.MAPPING:
        return {key.value: data(value) for key, value in node.items()}
    return [data(child) for child in node.content]


@given(roots, st.booleans())
@calm
def test_what_is_printed_says_what_the_tree_says(root: Node, wide: bool) -> None:
    """Whatever styles and comments a tree carries, no value changes."""
    [document] = parse(emit_document(root, wide=wide))

    assert data(document.root) == data(root)


@given(roots, st.booleans())
@calm
def test_a_printed_tree_is_read_back_as_it_is(root: Node, wide: bool) -> None:
    """After one pass, which may settle styles, a tree and its text are the same thing."""
    [settled] = parse(emit_document(root, wide=wide))
    text = emit_document(settled.root, wide=wide)
    [again] = parse(text)

    assert again.root == settled.root
    assert emit_document(again.root, wide=wide) == text


lines = st.lists(
    st.sampled_from(
        ["a: 1", "b:", "  c: d", "  - e", "- f", "# x", "  # y", "", "    # z", "g: |", "  text",
         "h: >-", "---", "i: {j: k, l: [m]}", "n: [o, # p", "  q]", "- - r", "- # s", "  t: u",
         "v: 'w", "  x'", "? y", ": z", "...", "&a b: *a", "<<: *a", "\t", "k: !!str 1", "%TAG"]
    ),
    max_size=12,
)  # fmt: skip


@given(lines.map("\n".join))
@settings(calm, max_examples=300)
@example("b:\n# x\n- # s\n  c: d")
@example("- - r\n  # y\n\n# x")
def test_a_text_that_parses_settles_after_one_pass(text: str) -> None:
    """Emitting what was parsed from emitted text changes nothing any more."""
    try:
        once = emit(parse(text))
    except BadYaml:
        return

    assert emit(parse(once)) == once


words_of_scalars = st.sampled_from(["a", "1", "two words"]).map(Node.scalar)
blocks = st.recursive(
    words_of_scalars,
    lambda children: (
        st.builds(
            Node.mapping,
            st.lists(children, min_size=1, max_size=3).map(
                lambda values: [(f"k{number}", value) for number, value in enumerate(values)]
            ),
        )
        | st.builds(Node.sequence, st.lists(children, min_size=1, max_size=3))
    ),
    max_leaves=10,
).filter(lambda root: bool(root.content))
gaps = st.lists(
    st.sampled_from([None, 0, 1, 2, 3, 4, 6]), max_size=4
)  # columns; None: a blank line


@st.composite
def commented_texts(draw: st.DrawFn) -> str:
    """A tidy text with numbered comments and blank lines between its lines."""
    tidy = emit_document(draw(blocks), wide=draw(st.booleans())).splitlines()
    numbers = itertools.count(1)
    text: list[str] = []
    for line in [*tidy, ""]:
        for column in draw(gaps):
            text.append("" if column is None else f"{' ' * column}# {next(numbers)}")
        text.append(line)
    return "\n".join(text)


@given(commented_texts())
@settings(calm, max_examples=300)
@example("- a: 1\n# 1\n\n      # 2\n- b\n")
@example("- k0:\n  - a\n")
def test_comments_settle_in_one_pass_where_they_stand(text: str) -> None:
    """Columns and blank lines are laid out, once; no comment passes a line or another comment."""
    once = emit(parse(text))

    assert words_by_line(once) == words_by_line(text)
    assert emit(parse(once)) == once


def words_by_line(text: str) -> list[str]:
    """The lines that say something, without their indentation."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@given(lines.map("\n".join))
@settings(calm, max_examples=300)
def test_no_comment_is_lost_on_the_way(text: str) -> None:
    """Comments of documents with content survive; those of empty documents are dropped by rule."""
    try:
        documents = parse(text)
    except BadYaml:
        return
    if len(documents) != 1 or "---" in text or "..." in text:
        return
    emitted = emit(documents)

    for comment in ("# x", "# y", "# z", "# s"):
        assert emitted.count(comment) >= min(1, count_of_comment(text, comment)), emitted


def count_of_comment(text: str, comment: str) -> int:
    """How often the comment stands where only a comment can be meant."""
    inside_of_scalars = ("|", ">-", "'", "text")
    if any(mark in text for mark in inside_of_scalars) or "n: [" in text or "? y" in text:
        return 0
    return sum(line.strip() in (comment, "- " + comment) for line in text.split("\n"))


def test_no_text_raises_anything_but_what_is_documented() -> None:
    """Bounded by PORCH_FUZZ_SECONDS; alphabets are biased to what YAML gives a meaning."""
    until = time.monotonic() + FUZZ_SECONDS
    tried = 0

    @given(
        st.one_of(st.text(), st.text(st.sampled_from("ab:-# \n\t'\"|>{}[],&*!?%@`~\\\x00\r\ufeff")))
    )
    @calm
    def feed(text: str) -> None:
        nonlocal tried
        tried += 1
        with suppress(BadYaml):
            emit(parse(text))
            read_data(text)

    while time.monotonic() < until:
        feed()

    assert tried > 0
