"""set-project-id: the setter in the Kptfile, and annotations of Config Connector's resources."""

import pytest

from porch.functions.builtin import set_project_id
from porch.functions.registry import FunctionRegistry
from tests.unit.functions.calls import (
    CORRECTED,
    calling,
    config_map,
    in_file,
    items,
    resource,
    several,
)

call = calling(set_project_id.run)
SHIPPED = FunctionRegistry()
CONFIG = config_map(project_id="shop")
SETTERS = resource("ConfigMap", *in_file("setters.yaml"), "data:", "  x: y # kept")


def kptfile(*pipeline: str) -> str:
    """A Kptfile with these lines of its pipeline."""
    return resource("Kptfile", *in_file("Kptfile"), *pipeline, api_version="kpt.dev/v1")


def steps(*lines: str) -> str:
    """A Kptfile with these lines of its mutators."""
    return kptfile("pipeline:", "  mutators:", *(f"  {line}" for line in lines))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("configMap: {x: y}", "configMap: {x: y, project-id: shop}"),
        ("configMap: {project-id: ''} # c", "configMap: {project-id: 'shop'} # c"),
        ("configMap: {project-id: mine}", "configMap: {project-id: mine}"),
    ],
)
def test_the_first_apply_setters_step_gets_the_setter_when_it_has_none(
    before: str, after: str
) -> None:
    """A value that somebody chose stays, and so do comments and later steps."""
    rest = ("- image: apply-setters:v0.2.0", "  configMap: {z: z} # another")
    image = "- image: gcr.io/kpt-fn/apply-setters:v0.1 # c"

    answer = call(steps("- image: x", image, f"  {before}", *rest), config=CONFIG)

    assert answer.text == steps("- image: x", image, f"  {after}", *rest)


def test_setters_in_a_file_are_set_there() -> None:
    """The Kptfile only names the file."""
    step = steps("- image: apply-setters", "  configPath: setters.yaml")

    answer = call(several(step, SETTERS), config=CONFIG)

    assert answer.text == several(step, SETTERS + "  project-id: shop\n")


@pytest.mark.parametrize("text", [kptfile(), steps("- image: x # c")])
def test_a_missing_step_is_added_once(text: str) -> None:
    """Behind the others, at a tag that is built in; a second run finds it."""
    once = call(text, config=CONFIG)

    step = items(once.text)[0].at("pipeline", "mutators", -1)
    assert step is not None
    assert step.text("configMap", "project-id") == "shop"
    assert SHIPPED.builtin(SHIPPED.resolve(step.text("image")))
    assert call(once.text, config=CONFIG).text == once.text


@pytest.mark.parametrize(
    ("api_version", "project"),
    [
        ("storage.cnrm.cloud.google.com/v1beta1", "shop"),
        ("core.cnrm.cloud.google.com/v1beta1", ""),
        ("a.storage.cnrm.cloud.google.com/v1beta1", ""),
        ("example.com/v1", ""),
    ],
)
def test_resources_of_config_connector_get_the_annotation(api_version: str, project: str) -> None:
    """Not the resources by which Config Connector itself is configured."""
    text = several(kptfile(), resource("StorageBucket", api_version=api_version))

    bucket = items(call(text, config=CONFIG).text)[1]

    key = "cnrm.cloud.google.com/project-id"
    assert bucket.text("metadata", "annotations", key) == project


def test_an_annotation_that_is_there_stays() -> None:
    """Whatever it says."""
    line = "    cnrm.cloud.google.com/project-id: mine # c"
    bucket = resource(
        "B", "  annotations:", line, api_version="storage.cnrm.cloud.google.com/v1beta1"
    )

    assert call(several(kptfile(), bucket), config=CONFIG).text.endswith(bucket)


@pytest.mark.parametrize(
    ("text", "config", "message"),
    [
        (kptfile(), None, "`data.project-id` must not be empty"),
        (kptfile(), config_map(project_id=""), "`data.project-id` must not be empty"),
        (
            steps("- image: apply-setters"),
            CONFIG,
            "unable to find `ConfigMap` or `configPath` as the `functionConfig` for apply-setters",
        ),
        (
            steps("- image: apply-setters", "  configPath: gone.yaml"),
            CONFIG,
            "failed to find setter file: file gone.yaml doesn't exist, please ensure the file"
            ' specified in "configPath" exists and retry',
        ),
    ],
)
def test_a_project_that_has_no_place_is_an_error(
    text: str, config: str | None, message: str
) -> None:
    """Nothing is changed."""
    answer = call(text, config=config)

    assert answer.results == [f"[error]: failed to set project-id setter: {message}"]
    assert (answer.exit_code, answer.text) == (1, text)


def test_only_the_corrected_edition_does_without_a_kptfile() -> None:
    """A selector may have left it out."""
    bucket = resource("B", api_version="storage.cnrm.cloud.google.com/v1beta1")

    assert call(bucket, config=CONFIG).exit_code == 1
    assert "'shop'" in call(bucket, config=CONFIG, edition=CORRECTED).text
