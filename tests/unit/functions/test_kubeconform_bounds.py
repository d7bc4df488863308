"""kubeconform: no text of a package takes time or memory without end."""

import time

from tests.unit.functions.calls import (
    resource,
    several,
)
from tests.unit.functions.kubeconforming import (
    definition,
    problems,
    widget,
)


def test_a_pattern_takes_linear_time() -> None:
    """One that backtracks would not end."""
    text = several(
        definition("{type: string, pattern: '^(a+)+$'}"), widget(f"spec: {'a' * 100_000}b")
    )
    begun = time.process_time()

    (told,) = problems(text)

    assert told.endswith("does not match pattern '^(a+)+$'")
    assert time.process_time() - begun < 10


def test_a_definition_with_patterns_without_end_is_refused() -> None:
    """Each of them takes memory for as long as it is kept."""
    fields = ", ".join(f"f{number}: {{pattern: a}}" for number in range(1_001))
    text = several(definition(f"{{type: object, properties: {{{fields}}}}}"), widget())

    (told,) = problems(text)

    assert told.endswith("it must not have more than 1000 patterns, found 1001")


def test_a_hundred_problems_of_an_item_are_told() -> None:
    """The first ones are enough to begin with."""
    text = resource("ConfigMap", "data:", *(f"  k{number}: {number}" for number in range(1_000)))

    told = problems(text)

    assert len(told) == 101
    assert told[-1] == ": more than 100 problems: further problems are not told"


def test_of_a_huge_item_the_first_problem_is_told() -> None:
    """All of them would take a gigabyte."""
    numbers = "".join(f"\n  - {number}" for number in range(60_000))
    text = resource("ConfigMap", f"data:\n  k:{numbers}")
    begun = time.process_time()

    assert problems(text) == [
        "data.k: got array, want null or string",
        ": more than 50000 values: further problems are not told",
    ]
    assert time.process_time() - begun < 20


def test_junctions_within_junctions_take_bounded_time() -> None:
    """Each level must not double the work."""
    schema = "{type: integer}"
    for _ in range(20):
        schema = f"{{anyOf: [{schema}, {{type: boolean}}]}}"
    begun = time.process_time()

    assert len(problems(several(definition(schema), widget("spec: x")))) == 1
    assert time.process_time() - begun < 10


def test_an_alias_bomb_is_told() -> None:
    """As every other way to read it tells it."""
    bomb = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]

    (told,) = problems(resource("ConfigMap", *bomb))

    assert "nodes" in told
