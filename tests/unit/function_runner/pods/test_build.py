"""The pods and Services that are made for functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from porch.api.functionconfig import ContainerOverrides, ResourceAmounts, TemplateOverrides
from porch_function_runner.pods.build import Blueprint, Identity, build_pod, build_service
from porch_function_runner.pods.isolation import USER
from porch_function_runner.pods.templates import (
    DEFAULT_POD,
    BadTemplate,
    Templates,
    check_pod_template,
)
from porch_function_runner.pods.wire import Template, TemplateMeta

ROOT = Path(__file__).resolve().parents[4]
IMAGE = "ghcr.io/x/set-labels:v1"


def blueprint(**more: Any) -> Blueprint:
    return Blueprint(namespace="fns", wrapper_image="wrapper:v1", max_message_bytes=6291456, **more)


def templated(**spec: Any) -> Templates:
    """The built-in template with parts of its spec replaced."""
    return Templates(pod=Template(spec=DEFAULT_POD.spec | spec))


def pod_of(made: Blueprint) -> dict[str, Any]:
    identity = Identity(name="set-labels-1", image=IMAGE, pool="set-labels", runner="r1")
    return build_pod(made, identity, command=["/fn", "--strict"], version="v")


def test_a_pod_has_the_names_that_tools_look_for() -> None:
    """Labels, annotation, containers and their order are those that existing tools read."""
    pod = pod_of(blueprint())

    (init,), (function,) = pod["spec"]["initContainers"], pod["spec"]["containers"]
    assert pod["metadata"]["labels"]["fn.kpt.dev/image"] == pod["metadata"]["name"]
    assert pod["metadata"]["annotations"]["fn.kpt.dev/template-version"] == "v"
    assert (init["name"], init["image"]) == ("copy-wrapper-server", "wrapper:v1")
    assert (function["name"], function["image"]) == ("function", IMAGE)
    assert function["command"] == ["/wrapper-server-tools/wrapper-server"]
    assert function["args"] == [
        *("--port", "9446", "--max-request-body-size", "6291456"),
        *("--", "/fn", "--strict"),
    ]


def test_a_function_has_no_token_no_privileges_and_a_bounded_share_of_the_node() -> None:
    """Anybody who may write a draft chooses the image that runs."""
    spec = pod_of(blueprint())["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsUser": USER,
        "runAsNonRoot": True,
    }
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_what_a_template_states_is_kept() -> None:
    """Only what it leaves open is closed."""
    container = DEFAULT_POD.spec["containers"][0] | {
        "securityContext": {"readOnlyRootFilesystem": False},
        "resources": {"limits": {"memory": "16Mi"}},
    }
    made = templated(containers=[container], securityContext={"runAsUser": 0})
    spec = pod_of(blueprint(templates=made))["spec"]

    assert spec["securityContext"]["runAsUser"] == 0
    assert "runAsNonRoot" not in spec["securityContext"]
    (function,) = spec["containers"]
    assert function["securityContext"]["readOnlyRootFilesystem"] is False
    assert function["securityContext"]["allowPrivilegeEscalation"] is False
    assert function["resources"] == {"limits": {"memory": "16Mi"}}
    assert not any(each["mountPath"] == "/tmp" for each in function["volumeMounts"])  # noqa: S108


def test_overrides_replace_what_the_template_says() -> None:
    """Of each container its own; `env` as a whole, resources by their kind."""
    overrides = TemplateOverrides(
        service_account_name="fn",
        security_context={"runAsUser": 7},
        init_container=ContainerOverrides(
            resources=ResourceAmounts(requests={"cpu": "1m"}),
        ),
        container=ContainerOverrides(
            env=[{"name": "A", "value": "b"}], security_context={"runAsUser": 9}
        ),
    )
    spec = pod_of(blueprint(overrides=overrides))["spec"]

    (init,), (function,) = spec["initContainers"], spec["containers"]
    assert spec["serviceAccountName"] == "fn"
    assert spec["securityContext"]["runAsUser"] == 7
    assert init["resources"] == {"requests": {"cpu": "1m"}}
    assert function["env"] == [{"name": "A", "value": "b"}]
    assert function["securityContext"]["runAsUser"] == 9


def test_sidecars_of_the_template_come_after_the_function() -> None:
    """Tools take the first container for the function."""
    sidecar = {"name": "mesh", "image": "mesh:v1"}
    made = templated(containers=[sidecar, *DEFAULT_POD.spec["containers"]])

    names = [each["name"] for each in pod_of(blueprint(templates=made))["spec"]["containers"]]

    assert names == ["function", "mesh"]


def test_pull_secrets_are_added_once() -> None:
    """The template may name them already."""
    made = templated(imagePullSecrets=[{"name": "own"}])
    given = blueprint(templates=made, pull_secrets=("own", "auth-secret"))

    assert pod_of(given)["spec"]["imagePullSecrets"] == [{"name": "own"}, {"name": "auth-secret"}]


def test_a_pod_is_let_to_the_network_only_when_its_function_is() -> None:
    """The policy looks at this label."""
    labels = [
        pod_of(blueprint(allows_network=allowed))["metadata"]["labels"] for allowed in (False, True)
    ]

    assert [each.get("fn.kpt.dev/network") for each in labels] == [None, "allowed"]


def test_a_template_is_not_changed_by_the_pods_made_from_it() -> None:
    """The second pod would get the arguments of the first too."""
    made = blueprint()

    assert pod_of(made) == pod_of(made)


@pytest.mark.parametrize(
    "change",
    [
        {"wrapper_image": "wrapper:v2"},
        {"max_message_bytes": 1},
        {"pull_secrets": ("s",)},
        {"allows_network": True},
        {"is_headless": True},
        {"overrides": TemplateOverrides(service_account_name="x")},
        {"templates": templated(nodeName="n")},
    ],
)
def test_whatever_changes_a_pod_changes_the_version(change: dict[str, Any]) -> None:
    """Pods of an older version are drained."""
    assert replace(blueprint(), **change).version != blueprint().version


def test_the_service_of_a_pod_selects_it_alone_and_goes_with_it() -> None:
    """And tells meshes that gRPC is spoken."""
    template = Template(
        metadata=TemplateMeta(labels={"a": "b"}, annotations={"mesh/x": "y"}),
        spec={"type": "ClusterIP", "selector": {"a": "b"}},
    )
    made = blueprint(templates=Templates(service=template), is_headless=True)
    service = build_service(made, name="set-labels-1", pod_uid="u")

    (port,) = service["spec"]["ports"]
    assert service["spec"]["selector"] == {"fn.kpt.dev/image": "set-labels-1"}
    assert service["spec"]["clusterIP"] == "None"
    assert (port["name"], port["port"], port["appProtocol"]) == ("grpc", 9446, "kubernetes.io/h2c")
    assert service["metadata"]["labels"]["a"] == "b"
    assert service["metadata"]["annotations"] == {"mesh/x": "y"}
    assert service["metadata"]["ownerReferences"][0]["uid"] == "u"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"containers": [{"name": "main"}]}, "must have one container named 'function'"),
        ({"containers": [{"name": "function"}]}, "must have a `command`"),
        ({"initContainers": []}, "must have an init container"),
    ],
)
def test_a_template_that_cannot_work_is_refused(spec: dict[str, Any], message: str) -> None:
    """At the edit, not at the next pod."""
    with pytest.raises(BadTemplate, match=message):
        check_pod_template(templated(**spec).pod)


def test_the_shipped_template_is_the_built_in_one() -> None:
    """Deleting it changes nothing, and it shows what there is to edit."""
    shipped = yaml.safe_load((ROOT / "manifests" / "functions" / "template.yaml").read_text())
    template = shipped["template"]
    for container in (*template["spec"]["initContainers"], *template["spec"]["containers"]):
        container["image"] = ""

    assert template == msgspec.to_builtins(DEFAULT_POD)
