"""What one FunctionConfig decides about itself, held on a real API server both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import People
from tests.integration.api.objects import function_config

pytestmark = pytest.mark.cluster

ENV = [{"name": "A", "value": "b"}]


@pytest.mark.parametrize(
    "executors",
    [
        {
            "podExecutor": {
                "tags": ["v0.4"],
                "templateOverrides": {"container": {"env": [{"name": "A", "value": "b"}]}},
            }
        },
        {"binaryExecutor": {"tags": ["v0.4"], "path": "set-namespace"}},
        {"goExecutor": {"tags": ["v0.4"], "id": "set-namespace"}},
        {"goExecutor": {"tags": ["v0.4"]}, "podExecutor": {}},
    ],
)
def test_each_executor_is_accepted(people: People, executors: dict[str, Any]) -> None:
    """One or more; what is handed on to Kubernetes is kept as it is."""
    answer = people.admin.creates(function_config(**executors))

    assert answer.code == 200, answer
    pod = executors.get("podExecutor", {})
    assert pod.items() <= answer.body["spec"].get("podExecutor", {}).items()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "spec must have at least one of podExecutor, binaryExecutor, goExecutor"),
        ({"image": None, "goExecutor": {"tags": ["a"]}}, "spec.image: Required value"),
        ({"image": "", "goExecutor": {"tags": ["a"]}}, "should be at least 1 chars long"),
        ({"goExecutor": {"tags": []}}, "should have at least 1 items"),
        ({"binaryExecutor": {"tags": ["a"]}}, "spec.binaryExecutor.path: Required value"),
        ({"podExecutor": {"timeToLive": "soon"}}, "must be of type duration"),
    ],
)
def test_configurations_that_are_refused(
    people: People, spec: dict[str, Any], message: str
) -> None:
    """The message names the field and what it must be."""
    answer = people.admin.creates(function_config(**spec))

    assert answer.code == 422
    assert message in answer.message


def test_authors_do_not_decide_which_functions_run(people: People) -> None:
    """A configuration names executables and registries."""
    made = function_config(goExecutor={"tags": ["v0.4"]})

    assert people.author.creates(made).code == 403
    assert people.admin.creates(made).code == 200
    assert people.author.reads(made)["spec"]["image"] == "set-namespace"
