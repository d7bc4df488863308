"""set-enforcement-action: which resources are policies, and what is set."""

import pytest

from porch.functions.builtin import set_enforcement_action
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    in_file,
    items,
    resource,
    several,
)

call = calling(set_enforcement_action.run)
V1BETA1 = "constraints.gatekeeper.sh/v1beta1"


def constraint(*body: str, api_version: str = V1BETA1) -> str:
    """A constraint."""
    return resource("K8sNoSecrets", *body, api_version=api_version)


@pytest.mark.parametrize("action", ["deny", "warn", "dryrun"])
def test_the_action_is_set_where_it_stands(action: str) -> None:
    """Its comment stays, so that a setter can still reach it."""
    text = constraint("spec:", "  enforcementAction: old # kpt-set: ${a}", "  match: {}")

    answer = call(text, config=config_map(enforcementAction=action))

    assert answer.text == text.replace("old", action)


def test_a_policy_without_an_action_gets_one() -> None:
    """And what is set is told, with its file; other resources are left alone."""
    other = resource("ConfigMap", "spec:", "  enforcementAction: x")

    answer = call(
        several(constraint(*in_file("p.yaml")), other), config=config_map(enforcementAction="warn")
    )

    policy, unchanged = items(answer.text)
    assert policy.text("spec", "enforcementAction") == "warn"
    assert unchanged.text("spec", "enforcementAction") == "x"
    assert answer.results == [
        "[info]: Number of policies set to [warn]: 1",
        "[info]: Policy name: [a]",
    ]
    file = answer.output.results[1].file
    assert file is not None
    assert file.path == "p.yaml"


@pytest.mark.parametrize(
    ("edition", "told"),
    [
        (CATALOGUE, "[warning]: Found no policy to set to [deny]"),
        (CORRECTED, "[info]: Number of policies set to [deny]: 1"),
    ],
)
def test_only_the_corrected_edition_sets_other_versions(edition: Edition, told: str) -> None:
    """A constraint is one in every version."""
    text = constraint(api_version="constraints.gatekeeper.sh/v1")

    answer = call(text, config=config_map(enforcementAction="deny"), edition=edition)

    assert answer.results[0] == told


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "expecting exactly 1 enforcementAction as part of the ConfigMap"),
        (
            config_map(enforcementAction="deny", more="x"),
            "expecting exactly 1 enforcementAction as part of the ConfigMap",
        ),
        (
            config_map(enforcementAction="dry-run"),
            "expected values for enforcementAction are [deny] or [warn] or [dryrun]",
        ),
    ],
)
def test_a_bad_config_fails(config: str | None, message: str) -> None:
    """In the catalogue's words; nothing is changed."""
    answer = call(constraint(), config=config)

    assert answer.results == [f"[error]: failed to process policies: {message}"]
    assert (answer.exit_code, answer.text) == (1, constraint())
