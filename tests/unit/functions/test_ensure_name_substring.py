"""ensure-name-substring: names, and what refers to them."""

import pytest

from porch.functions.builtin import ensure_name_substring
from tests.unit.functions.calls import calling, config_map, items, resource

call = calling(ensure_name_substring.run)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("a", {"prepend": "p-"}, "p-a"),
        ("a", {"append": "-s"}, "a-s"),
        ("x-p-a", {"prepend": "p-"}, "x-p-a"),
    ],
)
def test_a_name_that_lacks_the_substring_gets_it(
    name: str, change: dict[str, str], expected: str
) -> None:
    """So running it twice changes nothing."""
    once = call(resource("ConfigMap", name=name), config=config_map(**change))

    assert items(once.text)[0].text("metadata", "name") == expected
    assert call(once.text, config=config_map(**change)).text == once.text


@pytest.mark.parametrize("kind", ["Kptfile", "Namespace", "CustomResourceDefinition", "APIService"])
def test_some_kinds_keep_their_names(kind: str) -> None:
    """Their names mean something elsewhere."""
    assert call(resource(kind), config=config_map(prepend="p-")).text == resource(kind)


def test_references_follow_and_foreign_ones_stay() -> None:
    """A Deployment must find its ConfigMap; an object of another package did not move."""
    deployment = resource(
        "Deployment",
        "spec:",
        "  template:",
        "    spec:",
        "      containers:",
        "      - envFrom:",
        "        - configMapRef: {name: mine}",
        "        - configMapRef: {name: other}",
        api_version="apps/v1",
    )

    answer = call(
        f"{resource('ConfigMap', name='mine')}---\n{deployment}", config=config_map(prepend="p-")
    )

    assert "configMapRef: {name: p-mine}" in answer.text
    assert "configMapRef: {name: other}" in answer.text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            config_map(prepend="a", append="b"),
            "only 1 entry is allowed in the ConfigMap, but got: 2",
        ),
        (config_map(insert="a"), "unknown editMode: insert"),
    ],
)
def test_a_bad_config_fails(config: str, message: str) -> None:
    """In the catalogue's words."""
    answer = call(resource("ConfigMap"), config=config)

    assert answer.results == [f"[error]: failed to configure function: {message}"]
    assert answer.exit_code == 1
