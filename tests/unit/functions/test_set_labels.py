"""set-labels: labels, selectors and templates by kind."""

import pytest

from porch.functions.builtin import set_labels
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    items,
    resource,
)

call = calling(set_labels.run)

APP = config_map(app="new")


def test_every_resource_gets_the_label() -> None:
    """Custom kinds and the Kptfile are no exception."""
    answer = call(resource("Widget", api_version="example.com/v1"), config=APP)

    assert answer.text.endswith("  labels:\n    app: new\n")
    assert answer.results == ["[info]: set 1 labels in total"]


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Service", "v1", ("spec", "selector")),
        ("ReplicationController", "v1", ("spec", "selector")),
        ("Deployment", "apps/v1", ("spec", "selector", "matchLabels")),
        ("DaemonSet", "apps/v1", ("spec", "selector", "matchLabels")),
        ("StatefulSet", "apps/v1", ("spec", "selector", "matchLabels")),
        ("Deployment", "apps/v1", ("spec", "template", "metadata", "labels")),
        ("Job", "batch/v1", ("spec", "template", "metadata", "labels")),
    ],
)
def test_places_that_are_set_are_created(kind: str, api_version: str, path: tuple[str]) -> None:
    """A selector without the label would select the pods of another application."""
    text = resource(kind, "spec:", "  template: {}", api_version=api_version)

    answer = call(text, config=APP)

    assert items(answer.text)[0].text(*path, "app") == "new"


@pytest.mark.parametrize("value", ["old", None])
@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Job", "batch/v1", ("spec", "selector", "matchLabels")),
        ("PodDisruptionBudget", "policy/v1", ("spec", "selector", "matchLabels")),
        ("NetworkPolicy", "networking.k8s.io/v1", ("spec", "podSelector", "matchLabels")),
    ],
)
def test_places_that_are_updated_change_only_a_key_that_they_have(
    kind: str, api_version: str, path: tuple[str, ...], value: str | None
) -> None:
    """Narrowing a policy's selector would switch the policy off for other pods."""
    labels = f"{{app: {value}}}" if value else "{other: x}"
    body = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    body[-1] += f" {labels}"

    answer = call(resource(kind, *body, api_version=api_version), config=APP)

    assert items(answer.text)[0].text(*path, "app") == ("new" if value else "")


@pytest.mark.parametrize(("edition", "value"), [(CATALOGUE, "old"), (CORRECTED, "new")])
def test_only_the_corrected_edition_updates_affinity(edition: object, value: str) -> None:
    """The catalogue looks for the terms at the wrong level; pinned packages rely on that."""
    text = resource(
        "Deployment",
        "spec:",
        "  template:",
        "    spec:",
        "      affinity:",
        "        podAntiAffinity:",
        "          requiredDuringSchedulingIgnoredDuringExecution:",
        "          - labelSelector:",
        "              matchLabels:",
        "                app: old",
        api_version="apps/v1",
    )

    answer = call(text, config=APP, edition=edition)  # type: ignore[arg-type]

    assert answer.text.count(f"                app: {value}\n") == 1


def test_labels_are_strings_whatever_they_look_like() -> None:
    """The API server refuses a number as a label."""
    answer = call(resource("ConfigMap"), config=config_map(version="1.0"))

    assert 'version: "1.0"' in answer.text


def test_labels_can_be_given_by_a_kind_of_their_own() -> None:
    """SetLabels is what a configPath names."""
    config = resource("SetLabels", "labels:", "  app: new", api_version="fn.kpt.dev/v1alpha1")

    assert "app: new" in call(resource("ConfigMap"), config=config).text


@pytest.mark.parametrize(
    ("config", "results", "exit_code"),
    [
        (None, [], 1),
        (config_map(), ["[info]: `FunctionConfig` is not given"], 1),
        (
            resource("SetLabels", api_version="fn.kpt.dev/v1alpha1"),
            ["[warning]: no `labels` arguments are given in FunctionConfig"],
            0,
        ),
        (
            resource("Pod"),
            [
                "[error]: unknown FunctionConfig `Pod`, "
                "expect `SetLabels.fn.kpt.dev` or `ConfigMap.v1`"
            ],
            1,
        ),
    ],
    ids=["absent", "empty", "no labels", "other kind"],
)
def test_a_config_without_labels_is_told(
    config: str | None, results: list[str], exit_code: int
) -> None:
    """Nothing is changed."""
    text = resource("ConfigMap")

    answer = call(text, config=config)

    assert (answer.results, answer.exit_code, answer.text) == (results, exit_code, text)


def test_only_local_config_is_nothing_to_do() -> None:
    """It never reaches a cluster."""
    text = resource("ConfigMap", "  annotations:", '    config.kubernetes.io/local-config: "true"')

    answer = call(text, config=APP)

    assert (answer.results, answer.text) == (["[info]: no input resources"], text)
