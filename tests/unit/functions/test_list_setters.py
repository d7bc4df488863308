"""list-setters: what is listed, with which value, type and count."""

import time

import pytest

from porch.functions.builtin import list_setters
from tests.unit.functions.calls import calling, in_file, resource, several

call = calling(list_setters.run)


def listed(*lines: str, kptfile: str = "") -> list[str]:
    """What is told of fields."""
    text = resource("Widget", *lines)
    answer = call(several(kptfile, text) if kptfile else text)
    assert answer.text == (several(kptfile, text) if kptfile else text)
    return [result.message for result in answer.output.results]


def pipeline(*lines: str) -> str:
    """A Kptfile whose one mutator has these lines."""
    image = "  - image: apply-setters:v0.2.0"
    return resource(
        "Kptfile",
        *in_file("Kptfile"),
        "pipeline:",
        "  mutators:",
        image,
        *lines,
        api_version="kpt.dev/v1",
    )


@pytest.mark.parametrize(
    ("lines", "setters"),
    [
        (
            ["a: 3 # kpt-set: ${n}", "b: 3 # kpt-set: ${n}"],
            ["Name: n, Value: 3, Type: int, Count: 2"],
        ),
        (["a: true # kpt-set: ${n}"], ["Name: n, Value: true, Type: bool, Count: 1"]),
        (["a: 1.5 # kpt-set: ${n}"], ["Name: n, Value: 1.5, Type: float, Count: 1"]),
        (['a: "3" # kpt-set: ${n}'], ["Name: n, Value: 3, Type: str, Count: 1"]),
        (
            ["image: nginx:1.7 # kpt-set: ${image}:${tag}"],
            [
                "Name: image, Value: nginx, Type: str, Count: 1",
                "Name: tag, Value: 1.7, Type: str, Count: 1",
            ],
        ),
        (
            ["a: x-3 # kpt-set: x-${n}", "b: 3 # kpt-set: ${n}"],
            ["Name: n, Value: 3, Type: int, Count: 2"],
        ),
        (["a: # kpt-set: ${l}", "- z", "- b"], ["Name: l, Value: [b, z], Type: array, Count: 1"]),
        (["a: [] # kpt-set: ${l}"], ["Name: l, Value: [], Type: array, Count: 1"]),
        (["a: no-colon # kpt-set: ${x}:${y}"], ["no setters found"]),
        (["a: 3 # ${n}"], ["no setters found"]),
    ],
)
def test_a_setter_is_listed_with_value_type_and_count(lines: list[str], setters: list[str]) -> None:
    """In the order of names. The type is that of a field that it fills alone, if there is one."""
    assert listed(*lines) == setters


def test_values_of_the_pipeline_come_first() -> None:
    """Fields may not have been set yet; a setter that no field uses is listed with a count of 0."""
    kptfile = pipeline("    configMap:", "      n: '5'", "      l: '[x, y]'", "      unused: ''")

    assert listed("a: 3 # kpt-set: ${n}", "b: [] # kpt-set: ${l}", kptfile=kptfile) == [
        "Name: l, Value: [x, y], Type: array, Count: 1",
        "Name: n, Value: 5, Type: int, Count: 1",
        "Name: unused, Value: , Type: str, Count: 0",
    ]


def test_a_config_file_of_the_pipeline_is_read() -> None:
    """As apply-setters reads it."""
    setters = resource("ConfigMap", *in_file("setters.yaml"), "data:", "  n: '5'")
    kptfile = several(pipeline("    configPath: setters.yaml"), setters)

    assert listed(kptfile=kptfile) == ["Name: n, Value: 5, Type: str, Count: 0"]


@pytest.mark.parametrize("line", ["    configPath: gone.yaml", "    name: none"])
def test_a_pipeline_without_a_readable_config_leaves_the_fields(line: str) -> None:
    """It is told when the pipeline runs."""
    found = listed("a: 3 # kpt-set: ${n}", kptfile=pipeline(line))

    assert found == ["Name: n, Value: 3, Type: int, Count: 1"]


def test_no_setter_at_all_is_a_warning() -> None:
    """It is what somebody looked for."""
    assert call(resource("Widget")).results == ["[warning]: no setters found"]


def test_deriving_values_takes_linear_time() -> None:
    """As a regular expression, this pattern would be matched in time to the sixth power."""
    places = "-".join(f"${{{name}}}" for name in "abcdefg")
    text = resource("Widget", f"v: {'-' * 5_000}{'x' * 100_000} # kpt-set: {places}")
    begun = time.process_time()

    assert call(text).results == ["[warning]: no setters found"]
    assert time.process_time() - begun < 5
