"""Rendering twice is rendering once, for the functions that promise it, through the real render."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from porch.functions.runtime import BuiltinRuntime, Chain
from porch.kpt.outcome import Rendered
from porch.kpt.render import RenderOptions, render
from tests.unit.functions.calls import NothingUntrusted, resource

_NAMES = st.sampled_from(["a", "web", "p-a", "on", "1"])
_KINDS = st.sampled_from(
    [
        ("ConfigMap", "v1"),
        ("Service", "v1"),
        ("Namespace", "v1"),
        ("Deployment", "apps/v1"),
        ("CronJob", "batch/v1"),
        ("Widget", "example.com/v1"),
        ("RoleBinding", "rbac.authorization.k8s.io/v1"),
        ("StorageBucket", "storage.cnrm.cloud.google.com/v1beta1"),
        ("K8sNoSecrets", "constraints.gatekeeper.sh/v1beta1"),
    ]
)
_BODIES = st.sampled_from(
    [
        (),
        ("  namespace: old # c",),
        ("  labels: {app: x}", "spec:", "  template: {spec: {containers: [{image: 'nginx:1'}]}}"),
        ("data:", "  # above", "  k: 'v' # kpt-set: ${v}"),
        ("  annotations: {a: x, config.kubernetes.io/local-config: 'true'}",),
    ]
)
_STEPS = st.sampled_from(
    [
        "{image: 'set-namespace:v0.4.1', configMap: {namespace: new}}",
        "{image: set-namespace, configMap: {namespace: new}}",
        "{image: 'set-labels:v0.2.0', configMap: {app: y, tier: '1'}}",
        "{image: 'set-annotations:v0.1.4', configMap: {a: 'true'}}",
        "{image: 'apply-setters:v0.2.0', configMap: {v: 'on'}}",
        "{image: 'set-image:v0.1.1', configMap: {name: nginx, newTag: '2'}}",
        "{image: 'search-replace:v0.2.0', configMap: {by-value: v, put-value: w}}",
        "{image: 'ensure-name-substring:v0.2.0', configMap: {prepend: p-}}",
        "{image: 'builtins/gen-pkg-context'}",
        "{image: 'delete-annotations:v0.1.0', configMap: {annotationKeys: 'a,b'}}",
        "{image: 'list-setters:v0.1.0'}",
        "{image: 'remove-local-config-resources:v0.1.0'}",
        "{image: 'set-enforcement-action:v0.1.0', configMap: {enforcementAction: deny}}",
        "{image: set-name-prefix, configMap: {oldPrefix: p, prefix: p-a}}",
        "{image: 'set-project-id:v0.2.0', configMap: {project-id: shop}}",
        "{image: 'upsert-resource:v0.2.0', configPath: 0.yaml}",
    ]
)


@st.composite
def packages(draw: st.DrawFn) -> dict[str, str]:
    """Packages of a few resources and one function."""
    kptfile = (
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: root\n"
        f"pipeline:\n  mutators:\n    - {draw(_STEPS)}\n"
    )
    files = {"Kptfile": kptfile}
    for number in range(draw(st.integers(1, 3))):
        kind, api_version = draw(_KINDS)
        name, body = draw(_NAMES), draw(_BODIES)
        text = resource(kind, *body, api_version=api_version, name=f'"{name}"')
        files[f"{number}.yaml"] = text
    return files


def rendered(files: Mapping[str, str | bytes]) -> Mapping[str, str | bytes]:
    """The package after its pipeline, without the status, which tells what each run found."""
    chain = Chain([BuiltinRuntime(NothingUntrusted())])
    outcome = render(files, evaluate=chain, options=RenderOptions(has_status=False))
    assert isinstance(outcome, Rendered), outcome
    return outcome.files


@settings(max_examples=40, deadline=None, database=None)
@given(packages())
def test_rendering_twice_is_rendering_once(files: dict[str, str]) -> None:
    """A GitOps controller that applies the same input again must see no change.

    Of one function: with several, one may make a place (a pod template) that an earlier one fills.
    """
    once = rendered(files)

    assert rendered(once) == once
