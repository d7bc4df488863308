"""set-annotations and gen-pkg-context."""

import pytest

from porch.functions.builtin import gen_pkg_context, set_annotations
from tests.unit.functions.calls import calling, config_map, items, resource

call = calling(set_annotations.run)


@pytest.mark.parametrize(
    ("kind", "api_version", "paths"),
    [
        ("Widget", "example.com/v1", ["metadata.annotations"]),
        (
            "Deployment",
            "apps/v1",
            ["metadata.annotations", "spec.template.metadata.annotations"],
        ),
        (
            "CronJob",
            "batch/v1",
            [
                "metadata.annotations",
                "spec.jobTemplate.metadata.annotations",
                "spec.jobTemplate.spec.template.metadata.annotations",
            ],
        ),
        ("Job", "example.com/v1", ["metadata.annotations"]),
    ],
)
def test_templates_of_built_in_kinds_are_annotated(
    kind: str, api_version: str, paths: list[str]
) -> None:
    """Pods carry what their template says."""
    answer = call(resource(kind, api_version=api_version), config=config_map(a="true"))

    item = items(answer.text)[0]
    assert [item.text(*path.split("."), "a") for path in paths] == ["true"] * len(paths)
    assert answer.results == [f'[info] {path}: set annotations: {{"a":"true"}}' for path in paths]
    assert 'a: "true"' in answer.text


def test_additional_fields_are_created_only_when_asked() -> None:
    """A custom kind may not have a template at all."""
    config = resource(
        "SetAnnotations",
        "annotations: {a: b}",
        "additionalAnnotationFields:",
        "- {path: spec/one/annotations, create: true, kind: Widget}",
        "- {path: spec/two/annotations, kind: Widget}",
        api_version="fn.kpt.dev/v1alpha1",
    )

    item = items(call(resource("Widget"), config=config).text)[0]

    assert item.text("spec", "one", "annotations", "a") == "b"
    assert item.at("spec", "two") is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "input annotation list cannot be empty"),
        (config_map(), "input annotation list cannot be empty"),
        (resource("Pod"), "`functionConfig` must be a `ConfigMap` or `SetAnnotations`"),
    ],
)
def test_a_bad_config_fails(config: str | None, message: str) -> None:
    """In the catalogue's words."""
    answer = call(resource("ConfigMap"), config=config)

    assert answer.results == [f"[error]: failed to configure function: {message}"]
    assert answer.exit_code == 1


def test_the_package_context_is_made_anew_from_the_kptfile() -> None:
    """Its name must be that of the package, not of the one it was cloned from."""
    stale = resource("ConfigMap", "data: {name: upstream}", name="kptfile.kpt.dev")
    kptfile = resource(
        "Kptfile",
        "  annotations:",
        "    internal.config.kubernetes.io/path: Kptfile",
        api_version="kpt.dev/v1",
        name="mine",
    )

    answer = calling(gen_pkg_context.run)(f"{kptfile}---\n{stale}", config=None)

    context = items(answer.text)[1]
    assert (context.text("metadata", "name"), context.text("data", "name")) == (
        "kptfile.kpt.dev",
        "mine",
    )
    assert answer.results == ["[info]: generated package context"]
