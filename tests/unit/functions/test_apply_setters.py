"""apply-setters: values by comment, for scalars and sequences."""

import pytest

from porch.functions.builtin import apply_setters
from porch.functions.builtin.setter_pattern import SetterPattern, Unresolved
from tests.unit.functions.calls import calling, config_map, resource

call = calling(apply_setters.run)


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        ("replicas: 3 # kpt-set: ${n}", {"n": "5"}, "replicas: 5 # kpt-set: ${n}"),
        ('v: "3" # kpt-set: ${n}', {"n": "5"}, 'v: "5" # kpt-set: ${n}'),
        ("v: x # kpt-set: ${n}", {"n": ""}, 'v: "" # kpt-set: ${n}'),
        (
            "image: nginx:1.7 # kpt-set: ${image}:${tag}",
            {"tag": "1.8"},
            "image: nginx:1.8 # kpt-set: ${image}:${tag}",
        ),
        (
            "host: app.dev.example.com # kpt-set: app.${stage}.${domain}.${tld}",
            {"domain": "demo", "tld": "io"},
            "host: app.dev.demo.io # kpt-set: app.${stage}.${domain}.${tld}",
        ),
        ("v: x # kpt-set: ${other}", {"n": "5"}, "v: x # kpt-set: ${other}"),
        ("v: x # kpt-set:${n}", {"n": "5"}, "v: x # kpt-set:${n}"),
        ("v: x #kpt-set: ${n}", {"n": "5"}, "v: x #kpt-set: ${n}"),
    ],
)
def test_a_marked_scalar_takes_its_value(before: str, values: dict[str, str], after: str) -> None:
    """The style stays, the type follows the text; only exactly written comments count."""
    answer = call(resource("Widget", before), config=config_map(**values))

    assert answer.text == resource("Widget", after)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("env: # kpt-set: ${e}\n- a", "[x, y]", "env: # kpt-set: ${e}\n- x\n- y"),
        ("env: [a] # kpt-set: ${e}", "- x\n", "env: # kpt-set: ${e}\n- x"),
        ("env: # kpt-set: ${e}\n- a", "", "env: [] # kpt-set: ${e}"),
    ],
)
def test_a_marked_sequence_takes_a_list(before: str, value: str, after: str) -> None:
    """Filled lists are written as blocks with the comment on the key, empty ones as `[]`."""
    answer = call(resource("Widget", before), config=config_map(e=value))

    assert answer.text == resource("Widget", after)


def test_each_change_is_told_with_its_field_and_file() -> None:
    """Results are the only trace of what a setter reached."""
    text = resource(
        "Widget",
        "  annotations:",
        "    internal.config.kubernetes.io/path: 'd/w.yaml'",
        "list:",
        "- k: 1 # kpt-set: ${n}",
    )

    (result,) = call(text, config=config_map(n="2")).output.results

    assert result.message == 'set field value to "2"'
    assert result.field is not None
    assert result.field.path == "list[0].k"
    assert result.file is not None
    assert result.file.path == "d/w.yaml"


@pytest.mark.parametrize(
    ("line", "value", "message"),
    [
        (
            "v: x # kpt-set: ${n}-${m}",
            "5",
            "values for setters [${m}] must be provided",
        ),
        (
            "v: # kpt-set: ${n}:${m}\n- a",
            "5",
            'invalid setter pattern for array node: "${n}:${m}"',
        ),
        (
            "v: # kpt-set: ${n}\n- a",
            "ubuntu",
            'input to array setter must be an array of values, but found "ubuntu"',
        ),
    ],
)
def test_a_setter_that_does_not_fit_fails(line: str, value: str, message: str) -> None:
    """Half-filled text must not reach a cluster."""
    answer = call(resource("Widget", line), config=config_map(n=value))

    assert answer.results == [f"[error]: failed to apply setters: {message}"]
    assert answer.exit_code == 1
    assert answer.output.stderr == f"failed to apply setters: {message}"


def test_no_match_is_told() -> None:
    """A misspelt setter would otherwise pass in silence."""
    answer = call(resource("Widget"), config=config_map(n="5"))

    assert answer.results == ["[info]: no matches for input setter(s)"]


@pytest.mark.parametrize(
    ("pattern", "current", "filled"),
    [
        ("${a}-${b}", "x-y-z", "N-z"),  # greedy: the last dash parts them
        ("p-${b}-s", "p-1-2-s", "p-1-2-s"),
        ("${a}${b}", "xy", None),  # an empty group tells nothing
        ("${a}:${b}", "no colon", None),
    ],
)
def test_missing_values_are_derived_as_greedy_groups_would(
    pattern: str, current: str, filled: str | None
) -> None:
    """The catalogue turns every place into `(.*)` and takes the first match."""
    parsed = SetterPattern.of_comment(f"# kpt-set: {pattern}")
    assert parsed is not None

    found = parsed.fill({"a": "N"}, current)

    assert found == (Unresolved(("b",)) if filled is None else filled)


def test_deriving_takes_linear_time() -> None:
    """As a regular expression, this pattern would be matched in time to the sixth power."""
    parsed = SetterPattern.of_comment("# kpt-set: " + "-".join(f"${{{n}}}" for n in "abcdefg"))
    assert parsed is not None

    assert isinstance(parsed.fill({"a": "x"}, "-" * 5_000 + "x" * 100_000), Unresolved)
