"""kubeconform: custom resources, by the definitions that are in their package."""

import pytest

from tests.unit.functions.calls import (
    resource,
    several,
)
from tests.unit.functions.kubeconforming import STRICT, definition, problems, settings, widget


@pytest.mark.parametrize(
    ("schema", "spec", "told"),
    [
        ("{type: object, required: [n]}", "{}", ["spec: missing property 'n'"]),
        ("{type: string, enum: [a, b]}", "c", ["spec: value must be one of 'a', 'b'"]),
        ("{type: string, pattern: '^a+$'}", "b", ["spec: 'b' does not match pattern '^a+$'"]),
        ("{type: integer, minimum: 3}", "2", ["spec: minimum: got 2, want 3"]),
        (
            "{type: integer, minimum: 3, exclusiveMinimum: true}",
            "3",
            ["spec: exclusiveMinimum: got 3, want 3"],
        ),
        ("{type: string, maxLength: 2}", "abc", ["spec: maxLength: got 3, want 2"]),
        ("{type: array, minItems: 1}", "[]", ["spec: minItems: got 0, want 1"]),
        (
            "{type: object, maxProperties: 1}",
            "{a: b, c: d}",
            ["spec: maxProperties: got 2, want 1"],
        ),
        ("{type: integer, multipleOf: 2}", "3", ["spec: multipleOf: got 3, want 2"]),
        ("{type: array, uniqueItems: true}", "[a, a]", ["spec: items must be unique"]),
        ("{type: string, format: date-time}", "x", ["spec: 'x' is not valid date-time"]),
        ("{x-kubernetes-int-or-string: true}", "80", []),
        ("{x-kubernetes-int-or-string: true}", "[]", ["spec: got array, want integer or string"]),
        ("{type: string, nullable: true, enum: [a]}", "null", []),
        ("{type: string}", "null", ["spec: got null, want string"]),
        (
            "{type: object, anyOf: [{required: [a]}, {required: [b]}]}",
            "{}",
            ["spec: anyOf failed: missing property 'a'; or missing property 'b'"],
        ),
        (
            "{type: object, oneOf: [{required: [a]}, {required: [b]}]}",
            "{a: 1, b: 1}",
            ["spec: oneOf failed, several schemas matched"],
        ),
        ("{type: object, not: {required: [a]}}", "{a: 1}", ["spec: not failed"]),
        (
            "{type: array, items: {type: integer}}",
            "[1, x]",
            ["spec[1]: got string, want integer"],
        ),
        (
            "{type: object, additionalProperties: {type: integer}}",
            "{a.b/c: x}",
            ["spec.a.b/c: got string, want integer"],
        ),
    ],
)
def test_custom_resources_are_checked_by_definitions_of_the_package(
    schema: str, spec: str, told: list[str]
) -> None:
    """Wherever the definition stands among the items."""
    assert problems(several(widget(f"spec: {spec}"), definition(schema))) == told


@pytest.mark.parametrize(
    ("schema", "spec", "told"),
    [
        (
            "{type: object, properties: {a: {type: string}}}",
            "{b: 1}",
            ["spec: additional properties 'b' not allowed"],
        ),
        ("{type: object}", "{b: 1}", []),
        (
            "{type: object, properties: {a: {}}, x-kubernetes-preserve-unknown-fields: true}",
            "{b: 1}",
            [],
        ),
        ("{type: object, properties: {a: {}}, additionalProperties: true}", "{b: 1}", []),
        (
            "{type: object, properties: {a: {}, b: {}}, oneOf: [{properties: {a: {minimum: 1}}}]}",
            "{a: 1, b: 1}",
            [],
        ),
        (
            "{type: object, x-kubernetes-embedded-resource: true, properties: {a: {}}}",
            "{apiVersion: v1, kind: A, metadata: {}, a: 1, b: 1}",
            ["spec: additional properties 'b' not allowed"],
        ),
    ],
)
def test_a_strict_check_knows_where_unknown_fields_are_kept(
    schema: str, spec: str, told: list[str]
) -> None:
    """What the API server would drop is a mistake; what it keeps is not."""
    text = several(definition(schema), widget("  labels: {a: b}", f"spec: {spec}"))

    assert problems(text, config=STRICT) == told


def test_the_metadata_of_custom_resources_is_checked_too() -> None:
    """Every object has the same, whatever its definition says of it."""
    text = several(definition("{type: object}"), widget("  labels: {a: 1}"))

    assert problems(text) == ["metadata.labels.a: got number, want null or string"]


def test_a_version_that_is_not_defined_has_no_schema() -> None:
    """Another version may have other fields."""
    text = several(definition("{type: object}", version="v2"), widget())

    assert [told.partition(":")[2][:30] for told in problems(text)] == [
        " could not find schema for Wid"
    ]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{$ref: 'http://example.com/s.json'}", "`$ref` must not be used, found 'http://exa"),
        ("{type: [1]}", "[1] is not valid under any of the schemas"),
        ("{type: string, pattern: '('}", '"(" is not a "regex"'),
        ("{type: string, pattern: '(a{1000}){1000}'}", '"(a{1000}){1000}" is not a "regex"'),
        ("{type: string, pattern: '(?!a)'}", '"(?!a)" is not a "regex"'),
    ],
)
def test_a_definition_that_no_cluster_would_take_is_told_at_its_resources(
    schema: str, why: str
) -> None:
    """Not a crash, nothing fetched, and the other items are checked all the same."""
    text = several(definition(schema), widget("spec: x"), resource("ConfigMap", "data: {k: 1}"))

    told = problems(text, config=settings(skip_kinds="CustomResourceDefinition"))

    assert told[0].startswith(f": schema of Widget must be structural: {why}")
    assert told[1:] == ["data.k: got number, want null or string"]
