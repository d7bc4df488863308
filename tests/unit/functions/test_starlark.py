"""starlark: what a script sees, what stays of how items were written, and its limits."""

from collections.abc import Iterator

import pytest

from porch.functions.builtin import starlark
from tests.unit.functions.calls import (
    Caller,
    calling_with_sandbox,
    config_map,
    items,
    resource,
)

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def call() -> Iterator[Caller]:
    """One sandbox for all scripts, as in a worker."""
    with calling_with_sandbox(starlark.run) as caller:
        yield caller


ITEM = resource(
    "ConfigMap",
    "  annotations:",
    '    internal.config.kubernetes.io/id: "1"',
    "data: # why",
    "  z: 'quoted'",
    "  a: plain # beside",
)


def script(*lines: str) -> str:
    """A StarlarkRun."""
    return resource(
        "StarlarkRun",
        "params: {x: 7}",
        "source: |",
        *(f"  {line}" for line in lines),
        api_version="fn.kpt.dev/v1alpha1",
    )


def test_what_a_script_leaves_alone_stays_as_it_was_written(call: Caller) -> None:
    """Quotes, comments and order survive, unlike in a round trip through data."""
    config = script('ctx.resource_list["items"][0]["data"]["a"] = "new"')

    assert call(ITEM, config=config).text == ITEM.replace("plain", "new")


def test_items_can_be_added_and_removed(call: Caller) -> None:
    """A script generates as well."""
    config = script('ctx.resource_list["items"] = [{"apiVersion": "v1", "kind": "Secret"}]')

    assert call(ITEM, config=config).text == "apiVersion: v1\nkind: Secret\n"


def test_a_script_sees_its_config(call: Caller) -> None:
    """Parameters are beside the source, and numbers stay numbers."""
    config = script(
        'x = ctx.resource_list["functionConfig"]["params"]["x"]',
        'ctx.resource_list["items"][0]["data"]["n"] = x + 1',
    )

    assert '  "n": 8\n' in call(ITEM, config=config).text


def test_modules_of_the_catalogue_can_be_loaded(call: Caller) -> None:
    """krmfn is what most scripts begin with."""
    config = script(
        'load("krmfn.star", "krmfn")',
        'load("encoding/json.star", "json")',
        'for r in ctx.resource_list["items"]:',
        '  if krmfn.match_gvk(r, "v1", "ConfigMap") and krmfn.match_name(r, "a"):',
        '    r["data"]["j"] = json.dumps({"k": 1})',
    )

    assert "j: '{\"k\":1}'" in call(ITEM, config=config).text


def test_fail_is_the_error_of_the_function(call: Caller) -> None:
    """That is how a script validates."""
    answer = call(ITEM, config=script('fail("replicas must be odd")'))

    assert answer.results == ["[error]: fail: replicas must be odd (at script:1:1)"]
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (config_map(source=""), "`source` must not be empty"),
        (
            resource("Pod"),
            "`functionConfig` must be either `StarlarkRun` or `ConfigMap`, but we got: v1 Pod",
        ),
        (
            config_map(source="while True:\n  pass\n"),
            "Parse error: cannot use reserved keyword `while` (at script:1:1)",
        ),
        (
            config_map(source="ctx.resource_list['items'] = 5"),
            '`ctx.resource_list["items"]` must be a list of resources',
        ),
    ],
)
def test_what_cannot_run_fails(call: Caller, config: str, message: str) -> None:
    """With the position where there is one."""
    answer = call(ITEM, config=config)

    assert (answer.results, answer.exit_code) == ([f"[error]: {message}"], 1)
    assert answer.text == ITEM


def test_an_alias_that_a_script_did_not_touch_stays(call: Caller) -> None:
    """Expanding it would rewrite the user's file."""
    text = ITEM.replace("'quoted'", "&x quoted").replace("plain # beside", "*x")

    assert call(text, config=script("y = 1")).text == text


def test_items_are_recognised_in_any_order(call: Caller) -> None:
    """By their ids, so comments stay with their item."""
    other = ITEM.replace('"1"', '"2"').replace("why", "other")
    config = script('ctx.resource_list["items"] = list(reversed(ctx.resource_list["items"]))')

    answer = call(f"{ITEM}---\n{other}", config=config)

    assert answer.text == f"{other}---\n{ITEM}"
    assert len(items(answer.text)) == 2
