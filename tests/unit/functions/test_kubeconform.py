"""kubeconform: what is checked by the built-in schemas, and how problems are told."""

import pytest

from porch.functions.builtin.contract import Edition
from porch.kpt.evaluate import FieldRef, FileRef, ResourceRef
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    in_file,
    resource,
)
from tests.unit.functions.kubeconforming import (
    STRICT,
    WIDGETS,
    call,
    deployment,
    problems,
    settings,
)


@pytest.mark.parametrize(
    "text",
    [
        resource("ConfigMap", "data: {k: v} # c", "immutable: true"),
        deployment("replicas: 3", pod=("containers:", "- {name: a, image: b}")),
        deployment("replicas: null"),
        deployment("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}"),
        deployment(pod=("containers:", "- {name: a, resources: {limits: {cpu: 2, memory: 1Gi}}}")),
        resource("Service", "spec: {ports: [{port: 80, targetPort: http}]}"),
        resource("ConfigMap", "data: {k: }"),
        resource("Secret", "  creationTimestamp: null", "stringData: {k: 'true'}"),
        resource("NetworkPolicy", "spec: {podSelector: {}}", api_version="networking.k8s.io/v1"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: &a v, l: *a}\n",
    ],
)
@pytest.mark.parametrize("config", [None, STRICT])
def test_what_the_api_server_takes_passes(text: str, config: str | None) -> None:
    """Quantities as numbers, ports as names, and null for what may be left out."""
    assert problems(text, config=config) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (deployment("replicas: three"), ["spec.replicas: got string, want null or integer"]),
        (resource("ConfigMap", "data: {k: 1}"), ["data.k: got number, want null or string"]),
        (resource("ConfigMap", "data: [k]"), ["data: got array, want null or object"]),
        (
            resource("ConfigMap", "  labels: {on: true}"),
            ["metadata.labels.on: got boolean, want null or string"],
        ),
        (
            resource("Deployment", "spec: {replicas: 1}", api_version="apps/v1"),
            ["spec: missing properties 'selector', 'template'"],
        ),
        (
            deployment(pod=("containers:", "- {name: a}", "- {image: x}")),
            ["spec.template.spec.containers[1]: missing property 'name'"],
        ),
        (
            deployment(pod=("containers: [null]",)),
            ["spec.template.spec.containers[0]: got null, want object"],
        ),
        (
            deployment(pod=("containers: [{name: a, resources: {limits: {cpu: [2]}}}]",)),
            [
                "spec.template.spec.containers[0].resources.limits.cpu: "
                "got array, want null or number or string"
            ],
        ),
        (
            resource("Deployment", "spec: {template: null, selector: {}}", api_version="apps/v1"),
            ["spec.template: got null, want object"],
        ),
    ],
)
def test_a_problem_is_told_at_its_field(text: str, told: list[str]) -> None:
    """In the words of kubeconform, which pipelines and people know."""
    assert problems(text) == told


def test_only_strict_checks_tell_unknown_fields() -> None:
    """As one problem a place, at any depth."""
    text = deployment("replica: 1", pod=("containers: [{name: a, img: b, cmd: c}]",))

    assert problems(text, config=settings(strict="false")) == []
    assert problems(text, config=STRICT) == [
        "spec.template.spec.containers[0]: additional properties 'img', 'cmd' not allowed",
        "spec: additional properties 'replica' not allowed",
    ]


def test_problems_are_told_as_the_image_tells_them() -> None:
    """In the catalogue's own example: a misspelt template, and replicas in words."""
    body = ("spec:", "  templates: {}", "  replicas: asdf")
    text = resource("ReplicationController", *in_file("app.yaml"), *body, name="bob")
    config = settings(strict="true", skip_kinds="MyCustom,MyOtherCustom")

    answer = call(text, config=config)

    assert answer.results == [
        "[error] v1/ReplicationController/bob spec.replicas: got string, want null or integer",
        "[error] v1/ReplicationController/bob spec: additional properties 'templates' not allowed",
    ]
    assert answer.output.stderr == "failed to evaluate function: error: function failure"
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    ("edition", "path"), [(CATALOGUE, "spec.ports.0.port"), (CORRECTED, "spec.ports[0].port")]
)
def test_a_result_names_resource_field_and_file(edition: Edition, path: str) -> None:
    """An editor can go there."""
    index = "internal.config.kubernetes.io/index: '2'"
    text = resource(
        "Service", "  namespace: shop", *in_file("d/s.yaml", index), "spec: {ports: [{port: x}]}"
    )

    answer = call(text, edition=edition)

    (result,) = answer.output.results
    assert result.severity == "error"
    assert result.resource == ResourceRef(
        api_version="v1", kind="Service", namespace="shop", name="a"
    )
    assert (result.field, result.file) == (FieldRef(path=path), FileRef(path="d/s.yaml", index=2))


@pytest.mark.parametrize(
    "config",
    [
        settings(ignore_missing_schemas="true"),
        settings(skip_kinds="Gadget, Widget"),
        settings(skip_kinds="example.com/v1/Widget"),
    ],
)
def test_a_kind_without_a_schema_is_an_error_unless_it_is_left_out(config: str) -> None:
    """Otherwise a misspelt kind would pass."""
    text = resource("Widget", api_version=WIDGETS)

    (told,) = problems(text)
    assert told.startswith(
        ": could not find schema for Widget: example.com/v1/Widget is not a kind of Kubernetes 1.34"
    )
    assert problems(text, config=config) == []


def test_a_kind_is_skipped_only_by_its_own_name() -> None:
    """Case counts, as in kubeconform; another version is another kind."""
    text = resource("ConfigMap", "data: {k: 1}")

    assert problems(text, config=settings(skip_kinds="ConfigMap")) == []
    assert problems(text, config=settings(skip_kinds="v1/ConfigMap")) == []
    assert problems(text, config=settings(skip_kinds="configmap,v2/ConfigMap")) != []


@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_a_kptfile_is_never_checked(edition: Edition) -> None:
    """It is of no cluster; every package has one."""
    kptfile = resource("Kptfile", api_version="kpt.dev/v1")

    assert problems(kptfile, edition=edition) == []


def test_only_the_catalogue_checks_local_configuration() -> None:
    """Configs of functions are of kinds that no cluster knows."""
    note = "config.kubernetes.io/local-config: 'true'"
    text = resource("StarlarkRun", *in_file("s.yaml", note), api_version="fn.kpt.dev/v1alpha1")

    assert problems(text) == []
    assert len(problems(text, edition=CATALOGUE)) == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (settings(strict="yes"), '`data.strict` must be "true" or "false", found \'yes\''),
        (
            settings(stricter="true"),
            "`data` must have keys of strict, ignore_missing_schemas, schema_location, "
            "additional_schema_locations, skip_kinds, found 'stricter'",
        ),
    ],
)
def test_a_setting_that_means_nothing_fails_only_the_corrected_edition(
    config: str, message: str
) -> None:
    """A check that was asked for would not be made."""
    assert call(resource("ConfigMap"), config=config).exit_code == 0
    assert problems(resource("ConfigMap"), config=config) == [f": {message}"]


def test_settings_may_stand_at_the_top_of_any_config() -> None:
    """As in the image."""
    config = resource("Kubeconform", "strict: true", api_version="fn.kpt.dev/v1alpha1")

    assert len(problems(resource("ConfigMap", "x: y"), config=config)) == 1
