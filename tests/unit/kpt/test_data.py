"""The fast reader says exactly what the tree says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.parse import parse


@pytest.mark.parametrize(
    "text",
    [
        "a: 0777\nb: 0o17\nc: yes\nd: 1_000\ne: 2024-01-02\nf: 12:30\n",
        "1: a\ntrue: b\n~: c\n1.5: d\n",
        "a: {1: b, null: c}\n- x: y\n",
        "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
        "a: !!str 1\nb: !Ref c\n",
        "a:\tb\n",
        "a: |\n  b\n\nc: >-\n  d\n  e\n",
        "x: 1\n---\n# none\n---\ny: 2\n",
        "a: 1e3\nb: .5\nc: -0\nd: +1\ne: 0x1F\nf: .inf\ng: 99999999999999999999\n",
    ],
)
def test_both_readers_agree_on_what_is_read_differently(text: str) -> None:
    """Octal numbers, keys that are no strings, merge keys, tags, tabs."""
    assert outcome_of_fast(text) == outcome_of_tree(text)


values = st.sampled_from(
    ["1", "x", "yes", "0x1F", "1.0", "'q'", '"d"', "null", "~", "", "[1, a]", "{k: v}",
     "2024-01-02", "1e3", "0777", "1_0", "-", "a b", "http://x:80/y", "v1.0",
     "-1", ".5", "08", "true"]
)  # fmt: skip
names = st.sampled_from(["a", "b-c", "x.y/z", "1", "true", "'2'", ".h", "on", "k1"])
mappings = st.dictionaries(names, values, min_size=1, max_size=6)


@given(mappings)
@settings(deadline=None, max_examples=150, database=None)
def test_both_readers_agree(fields: dict[str, str]) -> None:
    """Whatever scalars and keys a manifest has."""
    text = "".join(f"{key}: {value}\n" for key, value in fields.items())

    assert outcome_of_fast(text) == outcome_of_tree(text)


def outcome_of_fast(text: str) -> object:
    try:
        return read_data(text)
    except BadYaml as error:
        return (error.line, error.problem)


def outcome_of_tree(text: str) -> object:
    try:
        return [expanded(document.root).to_data() for document in parse(text)]
    except BadYaml as error:
        return (error.line, error.problem)
