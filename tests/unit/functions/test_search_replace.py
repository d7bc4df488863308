"""search-replace: what is found, what is put, and that patterns run in the sandbox."""

from collections.abc import Iterator

import pytest

from porch.functions.builtin import search_replace
from porch.functions.builtin.field_path import is_absolute, matches
from porch.functions.builtin.file_glob import to_re2
from porch.functions.sandbox.parent import Sandbox
from tests.unit.functions.calls import Caller, calling, calling_with_sandbox, config_map, resource

call = calling(search_replace.run)

DEPLOYMENT = resource(
    "Deployment",
    "  annotations:",
    "    internal.config.kubernetes.io/path: 'apps/d.yaml'",
    "spec:",
    "  replicas: 3",
    "  containers:",
    "  - image: nginx:1",
    "    args: [a, b]",
    api_version="apps/v1",
)


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[Caller]:
    """Calls that may search for patterns."""
    with calling_with_sandbox(search_replace.run) as caller:
        yield caller


@pytest.mark.parametrize(
    ("criteria", "before", "after"),
    [
        ({"by_value": "nginx:1", "put_value": "x"}, "image: nginx:1", "image: x"),
        ({"by_path": "spec.replicas", "put_value": "5"}, "replicas: 3", "replicas: 5"),
        ({"by_path": "**.image", "put_value": "x"}, "image: nginx:1", "image: x"),
        ({"by_path": "spec.containers[*].image", "put_value": "x"}, "nginx:1", "x"),
        ({"by_path": "spec.*[0].image", "put_comment": "c"}, "nginx:1", "nginx:1 # c"),
        ({"by_value": "3", "by_path": "spec.no", "put_value": "5"}, "", ""),
        ({"by_path": "spec.replicas", "by_file_path": "other.yaml", "put_value": "5"}, "", ""),
        (
            {"by_path": "**.args", "put_comment": "kpt-set: ${args}"},
            "args: [a, b]",
            "args: # kpt-set: ${args}\n    - a\n    - b",
        ),
        ({"by_path": "spec.new.deep", "put_value": "5"}, "args: [a, b]\n", "args: [a, b]\n  new:\n"
         "    deep: 5\n"),
    ],
)  # fmt: skip
def test_all_criteria_must_hold(criteria: dict[str, str], before: str, after: str) -> None:
    """A value is put exactly where value, path and file agree."""
    answer = call(DEPLOYMENT, config=config_map(**criteria))

    assert answer.text == DEPLOYMENT.replace(before, after)
    assert answer.exit_code == 0


def test_a_search_without_anything_to_put_only_tells() -> None:
    """It is also the tool for finding out where a value is used."""
    answer = call(DEPLOYMENT, config=config_map(by_value="nginx:1"))

    assert answer.text == DEPLOYMENT
    assert answer.results == ['[info] spec.containers[0].image: Matched field value "nginx:1"']
    assert call(DEPLOYMENT, config=config_map(by_value="none")).results == ["[info]: no matches"]


@pytest.mark.process
def test_groups_of_a_pattern_can_be_put(sandboxed: Caller) -> None:
    """The pattern may occur anywhere; what is put replaces the whole text."""
    config = config_map(
        by_value_regex=r"(\w+):(\d)", put_value="${1}:9", put_comment="kpt-set: ${1}:${tag}"
    )

    answer = sandboxed(DEPLOYMENT, config=config)

    assert "image: nginx:9 # kpt-set: nginx:${tag}\n" in answer.text
    assert answer.results == [
        '[info] spec.containers[0].image: Mutated field value to "nginx:9 # kpt-set: nginx:${tag}"'
    ]


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        (
            {"by_name": "x"},
            r"invalid matcher \"by-name\", must be one of [\"by-value\" \"by-file-path\" "
            r"\"by-value-regex\" \"by-path\" \"put-value\" \"put-comment\"]",
        ),
        (
            {"by_value": "a", "by_value_regex": "b"},
            r"only one of [\"by-value\", \"by-value-regex\"] can be provided",
        ),
    ],
)
def test_a_bad_config_fails(criteria: dict[str, str], message: str) -> None:
    """In the catalogue's words."""
    answer = call(DEPLOYMENT, config=config_map(**criteria))

    told = f'failed to perform search-replace operation: "{message}"'
    assert (answer.results, answer.output.stderr) == ([f"[error]: {told}"], told)
    assert answer.exit_code == 1


@pytest.mark.process
@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", "missing ): ("), ("nginx", "unable to resolve capture groups")],
)
def test_a_bad_pattern_fails(sandboxed: Caller, pattern: str, message: str) -> None:
    """Malformed, or without the groups that are put."""
    answer = sandboxed(DEPLOYMENT, config=config_map(by_value_regex=pattern, put_value="${1}"))

    assert answer.results == [f'[error]: failed to perform search-replace operation: "{message}"']


@pytest.mark.process
def test_a_pattern_that_others_choke_on_takes_no_time(sandboxed: Caller) -> None:
    """RE2 does not backtrack."""
    text = resource("ConfigMap", "data:", f"  k: {'a' * 50_000}!")

    answer = sandboxed(text, config=config_map(by_value_regex="^(a+)+b$", put_value="x"))

    assert answer.results == ["[info]: no matches"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.*", True),
        ("a.b.c", "a.*", False),
        ("a.b.c", "a.**", True),
        ("a", "a.**", True),
        ("a.b.c", "**.c", True),
        ("a.x.b.y.b", "a.**.b", True),
        ("a.b[0]", "a.b[*]", True),
        ("a.b[0]", "a.*[0]", True),
        ("a.b[0]", "a.*[1]", False),
        ("a.b[0]", "a.*", True),
        ("a.b[0]", "a.b", False),
    ],
)
def test_path_patterns(path: str, pattern: str, expected: bool) -> None:
    """One star one part, two stars any number, brackets for elements."""
    assert matches(path, pattern) is expected


@pytest.mark.parametrize(("pattern", "expected"), [("a.b", True), ("a.*", False), ("a[0]", False)])
def test_only_a_path_through_mappings_is_absolute(pattern: str, expected: bool) -> None:
    """Only there it is clear what to create."""
    assert is_absolute(pattern) is expected


@pytest.mark.process
@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "d/a.yaml", False),
        ("**/*.yaml", "a.yaml", True),
        ("**/*.yaml", "d/e/a.yaml", True),
        ("d/**", "d/e/a.yaml", True),
        ("{a,b}.yaml", "b.yaml", True),
        ("[!a].yaml", "b.yaml", True),
        ("[!a].yaml", "a.yaml", False),
        ("a+?.yaml", "a+b.yaml", True),
    ],
)
def test_file_patterns(pattern: str, path: str, expected: bool) -> None:
    """Globs as the catalogue has them."""
    with Sandbox() as sandbox:
        assert (sandbox.search(to_re2(pattern), [path])[0] is not None) is expected
