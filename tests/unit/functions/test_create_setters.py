"""create-setters: which fields are marked, and with what."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.functions.builtin import apply_setters, create_setters
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    in_file,
    resource,
    several,
)

call = calling(create_setters.run)


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ("v: dev", {"env": "dev"}, "v: dev # kpt-set: ${env}"),
        (
            "v: nginx:1.7",
            {"image": "nginx", "tag": "1.7"},
            "v: nginx:1.7 # kpt-set: ${image}:${tag}",
        ),
        (
            "v: nginx-abc-dev",
            {"image": "nginx", "all": "nginx-abc"},
            "v: nginx-abc-dev # kpt-set: ${all}-dev",
        ),
        ("v: b.b", {"x": "b"}, "v: b.b # kpt-set: ${x}.${x}"),
        ("v: 3", {"n": "3"}, "v: 3 # kpt-set: ${n}"),
        ('v: "3"', {"n": "3"}, 'v: "3" # kpt-set: ${n}'),
        ("v: a+b", {"x": "a+"}, "v: a+b # kpt-set: ${x}b"),
        ("v: {w: dev}", {"env": "dev"}, "v: {w: dev # kpt-set: ${env}\n  }"),
    ],
)
def test_a_text_is_marked_where_values_occur(
    before: str, values: dict[str, str], after: str
) -> None:
    """The longest value first; what is written stays as it is."""
    answer = call(resource("Widget", before), config=config_map(**values))

    assert answer.text == resource("Widget", after)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("env:\n- dev\n- stage", "[stage, dev]", "env: # kpt-set: ${e}\n- dev\n- stage"),
        ("env: [dev, stage]", "- dev\n- stage\n", "env: # kpt-set: ${e}\n- dev\n- stage"),
        ("env: []", "[]", "env: [] # kpt-set: ${e}"),
        ("env: [dev, x]", "dev", "env:\n- dev # kpt-set: ${e}\n- x"),
    ],
)
def test_a_list_is_marked_as_a_whole_by_a_list(before: str, value: str, after: str) -> None:
    """In any order; one on a line becomes a block, which can carry the mark."""
    answer = call(resource("Widget", before), config=config_map(e=value))

    assert answer.text == resource("Widget", after)


def test_other_lists_and_texts_of_several_lines_stay() -> None:
    """A mark on them could not be applied."""
    body = ("env:", "- dev", "more: |", "  dev", "  x", "v: other")
    text = resource("Widget", *body)

    answer = call(text, config=config_map(e="[dev, stage]", l="dev\nx"))

    assert answer.text == text


def test_what_is_marked_is_told_with_field_and_file() -> None:
    """The mark without its sign."""
    text = resource("Widget", *in_file("d/w.yaml"), "list: [a, b]", "deep:", "- k: x-7")

    results = call(text, config=config_map(l="[a, b]", n="7")).output.results

    assert [(str(each), each.file.path if each.file else "") for each in results] == [
        (
            '[info] list: Added line comment "kpt-set: ${l}" for field with value "[a b]"',
            "d/w.yaml",
        ),
        (
            '[info] deep[0].k: Added line comment "kpt-set: x-${n}" for field with value "x-7"',
            "d/w.yaml",
        ),
    ]


def test_annotations_of_tools_are_not_marked() -> None:
    """They are noted for the function and taken off afterwards."""
    text = resource("Widget", *in_file("dev.yaml", "mine: dev"))

    results = call(text, config=config_map(env="dev")).output.results

    assert [each.field.path for each in results if each.field] == ["metadata.annotations.mine"]


@pytest.mark.parametrize(
    ("edition", "line", "told"),
    [
        (
            CATALOGUE,
            "v: dev # kpt-set: ${env}",
            '[info] v: Added line comment "kpt-set: ${env}" for field with value "dev"',
        ),
        (
            CORRECTED,
            "v: dev # mind the gap",
            '[warning] v: line comment "kpt-set: ${env}" was not added, the field has one already:'
            ' "# mind the gap"',
        ),
    ],
)
def test_only_the_catalogue_overwrites_a_comment(edition: Edition, line: str, told: str) -> None:
    """What somebody wrote must not get lost."""
    text = resource("Widget", "v: dev # mind the gap")

    answer = call(text, config=config_map(env="dev"), edition=edition)

    assert (answer.text, answer.results) == (resource("Widget", line), [told])


def test_a_list_whose_comment_stays_is_not_rewritten() -> None:
    """On one line it was, on one line it stays."""
    text = resource("Widget", "v: [b, a] # in this order")

    answer = call(text, config=config_map(l="[a, b]"), edition=CORRECTED)

    assert answer.text == text
    assert [result.split(":")[0] for result in answer.results] == ["[warning] v"]


@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_an_older_mark_is_replaced(edition: Edition) -> None:
    """The setters that are given are the ones that are wanted."""
    text = resource("Widget", "v: dev # kpt-set: ${old}")

    answer = call(text, config=config_map(env="dev"), edition=edition)

    assert answer.text == resource("Widget", "v: dev # kpt-set: ${env}")


@pytest.mark.parametrize(("edition", "is_marked"), [(CATALOGUE, True), (CORRECTED, False)])
def test_only_the_catalogue_marks_kptfiles(edition: Edition, is_marked: bool) -> None:
    """The pipeline that holds this function would be changed by it."""
    kptfile = resource("Kptfile", "pipeline:", "  x: dev", api_version="kpt.dev/v1")
    text = several(kptfile, resource("Widget", "v: dev"))

    answer = call(text, config=config_map(env="dev"), edition=edition)

    assert ("  x: dev # kpt-set: ${env}" in answer.text) is is_marked


def test_marks_can_be_applied_and_twice_is_once() -> None:
    """That is what they are for."""
    values = config_map(image="nginx", tag="1.7", envs="[a, b]")
    text = resource("Widget", "v: nginx:1.7", "envs: [a, b]")

    once = call(text, config=values)
    applied = calling(apply_setters.run)(once.text, config=config_map(tag="1.8", envs="[c]"))

    assert call(once.text, config=values).text == once.text
    assert applied.text == resource(
        "Widget", "v: nginx:1.8 # kpt-set: ${image}:${tag}", "envs: # kpt-set: ${envs}\n- c"
    )


_TEXTS = st.text("ab1-.", min_size=1, max_size=5).filter(lambda text: text.strip("-."))


@settings(deadline=None, database=None)
@given(st.lists(_TEXTS, min_size=1, max_size=4), st.lists(_TEXTS, min_size=1, max_size=3))
def test_applying_the_values_that_were_marked_changes_nothing(
    texts: list[str], values: list[str]
) -> None:
    """Whatever is marked, however values overlap."""
    lines = [f"f{number}: {text!r}" for number, text in enumerate(texts)]
    config = config_map(**{f"s{number}": value for number, value in enumerate(values)})

    marked = call(resource("Widget", *lines, f"last: {values[0]!r}"), config=config)

    assert marked.exit_code == 0
    assert call(marked.text, config=config).text == marked.text
    assert calling(apply_setters.run)(marked.text, config=config).text == marked.text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "config map cannot be empty"),
        (config_map(), "config map cannot be empty"),
        (config_map(x=""), "parsing error"),
        (config_map(x="[a"), "parsing error"),
        (config_map(x="nowhere"), "no matches for the input list of setters"),
    ],
)
def test_setters_that_mark_nothing_fail(config: str | None, message: str) -> None:
    """In the catalogue's words."""
    answer = call(resource("Widget"), config=config)

    assert answer.results == [f"[error]: failed to create setters: {message}"]
    assert (answer.exit_code, answer.text) == (1, resource("Widget"))


def test_many_values_and_long_texts_take_bounded_time() -> None:
    """A thousand setters over a hundred thousand characters."""
    values = config_map(**{f"s{n}": f"value-{n}" for n in range(1_000)})
    text = resource("Widget", f"v: {'value-x' * 15_000}-value-999")
    begun = time.process_time()

    answer = call(text, config=values)

    assert answer.text.rstrip().endswith("-${s999}")
    assert time.process_time() - begun < 10
