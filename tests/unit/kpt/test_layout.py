"""How documents are laid out: what kpt's writer does to a text, rule by rule."""

import pytest

from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.parse import parse

SAME = "the same"


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("two blanks a level", "a:\n    b:\n        c: d\n", "a:\n  b:\n    c: d\n"),
        ("wide lists stay wide", "a:\n  - b\nc:\n- d\n", "a:\n  - b\nc:\n  - d\n"),
        ("elements start on the dash", "-\n  a: b\n- - c\n  - d\n", "- a: b\n- - c\n  - d\n"),
        ("a dash with a comment", "- # c\n  a: b\n", SAME),
        ("one blank before comments", "a: b     #c  \n", "a: b #c\n"),
        ("long lines are not folded", "a: " + "word " * 60 + "end\n", SAME),
        ("blank lines go", "a: b\n\n\nc: d\n", "a: b\nc: d\n"),
        ("blank line below a document's comment", "# one\n\n# two\na: b\n", SAME),
        ("blank line between groups of a comment", "a: b\n\n# c\n\n# d\ne: f\n",
         "a: b\n# c\n\n# d\ne: f\n"),
        ("blank line below a foot comment", "a: b\n# foot\n\nc: d\n", SAME),
        ("deeper lines belong above", "a:\n  b: c\n  # up\n# down\nd: e\n",
         SAME),
        ("deeper lines belong above, after a blank line, too", "a:\n  b: c\n\n  # up\nd: e\n",
         "a:\n  b: c\n  # up\nd: e\n"),
        ("below a key, before its list", "a:\n# c\n\n- b\nd: e\n", "a:\n# c\n- b\nd: e\n"),
        ("below a list of a key", "a:\n- b\n# c\n\nd: e\n", SAME),
        ("below text that goes on", "a:\n  b: c\n# foot\n\n  d: e\n",
         "a:\n  b: c\n  # foot\n\n  d: e\n"),
        ("below an indented document", "  a:\n    b: c\n  d: e\n# foot\n",
         "a:\n  b: c\nd: e\n# foot\n"),
        ("below a literal block and a blank line", "a: |\n  b\n\n# c\n\nd: e\n",
         "a: |\n  b\n# c\nd: e\n"),
        ("comment at the end", "a: b\n# glued\n\n# tail\n", SAME),
        ("a tail comment loses its indentation", "a:\n  b: c\n\n  # tail\n",
         "a:\n  b: c\n\n# tail\n"),
        ("a comment of a key with a block below", "a: # c\n  b: c\n", SAME),
        ("quotes stay", "a: 'b'\nc: \"d\"\ne: f\n", SAME),
        ("double quotes are escaped canonically", 'a: "\\u00e9\\x41\\/"\n', 'a: "éA/"\n'),
        ("plain text over two lines is joined", "a: b\n  c\n", "a: b c\n"),
        ("literal blocks stay", "a: |\n  b\n   c\n\nd: |-\n  e\nf: |+\n  g\n\nh: i\n",
         "a: |\n  b\n   c\nd: |-\n  e\nf: |+\n  g\n\nh: i\n"),
        ("literal with a blank at a line's end", "a: |\n  b \n  c\n", 'a: "b \\nc\\n"\n'),
        ("an empty literal", "a: |\nb: c\n", 'a: ""\nb: c\n'),
        ("a comment behind a block header", "a: |- # c\n  b\n", SAME),
        ("folded blocks", "a: >\n  b\n  c\n\n  d\ne: f\n", "a: >\n  b c\n\n  d\n\ne: f\n"),
        ("flow stays flow, on one line", "a: { b: [ 1,2 ],\n  c: }\n",
         "a: {b: [1, 2], c: null}\n"),
        ("comments inside flow", "a: {b: c, # d\n  e: f}\n", "a: {b: c # d\n  , e: f}\n"),
        ("indicators inside flow are quoted", "a: ['x, y', \"[\", -1]\n", SAME),
        ("anchors, tags and merge keys", "a: &x !!map\n  b: c\nd:\n  <<: *x\n",
         "a: &x !!map\n  b: c\nd:\n  !!merge <<: *x\n"),
        ("spellings of null and numbers", "a: ~\nb:\nc: null\nd: 0x1F\ne: 1e3\nf: yes\n", SAME),
        ("separators", "---\na: b\n--- # c\n# only a comment\n---\nc: d\n", "a: b\n---\nc: d\n"),
    ],
)  # fmt: skip
def test_layout(rule: str, before: str, after: str) -> None:
    """The first pass lays out; a second changes nothing."""
    once = emit(parse(before))

    assert once == (before if after is SAME else after), rule
    assert emit(parse(once)) == once
