"""set-namespace: which fields get the namespace, and what the two editions do differently."""

import pytest

from porch.functions.builtin import set_namespace
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    items,
    resource,
)

call = calling(set_namespace.run)

TO_NEW = config_map(namespace="new")
ROLE_BINDING = resource(
    "RoleBinding",
    "  namespace: old",
    "subjects:",
    "- kind: ServiceAccount",
    "  name: s",
    "  namespace: old",
    api_version="rbac.authorization.k8s.io/v1",
)


def test_a_namespaced_resource_gets_the_namespace_and_keeps_its_comments() -> None:
    """Functions edit nodes, so what people wrote beside the value stays."""
    answer = call(resource("ConfigMap", "  namespace: old # why"), config=TO_NEW)

    assert answer.text == resource("ConfigMap", "  namespace: new # why")
    assert 'namespace [old] updated to "new", 1 value(s) changed' in answer.results[1]


def test_an_absent_namespace_is_added_to_a_namespaced_kind() -> None:
    """An absent namespace means `default`, which is not the one that is wanted."""
    answer = call(resource("ConfigMap"), config=TO_NEW)

    assert answer.text == resource("ConfigMap", "  namespace: new")
    assert 'namespace [default] updated to "new", 1 value(s) changed' in answer.results[1]


@pytest.mark.parametrize(
    "text",
    [
        resource("ClusterRole", api_version="rbac.authorization.k8s.io/v1"),
        resource("Widget", api_version="example.com/v1"),
        resource(
            "ConfigMap",
            "  namespace: old",
            "  annotations:",
            '    config.kubernetes.io/local-config: "true"',
        ),
    ],
    ids=["cluster-scoped", "unknown kind without a namespace", "local config"],
)
def test_what_lives_in_no_namespace_stays(text: str) -> None:
    """A namespace on a cluster-scoped object would be refused by the API server."""
    assert call(text, config=TO_NEW).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (resource("Namespace", name="old"), resource("Namespace", name="new")),
        (
            resource(
                "APIService",
                "spec:",
                "  service:",
                "    namespace: old",
                api_version="apiregistration.k8s.io/v1",
            ),
            resource(
                "APIService",
                "spec:",
                "  service:",
                "    namespace: new",
                api_version="apiregistration.k8s.io/v1",
            ),
        ),
        (
            ROLE_BINDING.replace("RoleBinding", "ClusterRoleBinding").replace(
                "  namespace: old\nsubjects", "subjects"
            ),
            ROLE_BINDING.replace("RoleBinding", "ClusterRoleBinding")
            .replace("  namespace: old\nsubjects", "subjects")
            .replace("old", "new"),
        ),
    ],
    ids=["Namespace", "APIService", "ClusterRoleBinding"],
)
def test_references_in_cluster_scoped_objects_follow(text: str, expected: str) -> None:
    """They point at things that move."""
    assert call(text, config=TO_NEW).text == expected


@pytest.mark.parametrize(("edition", "subject"), [(CATALOGUE, "old"), (CORRECTED, "new")])
def test_only_the_corrected_edition_moves_subjects_of_a_role_binding(
    edition: object, subject: str
) -> None:
    """Packages are pinned to tags that leave them; newer tags repair it."""
    answer = call(ROLE_BINDING, config=TO_NEW, edition=edition)  # type: ignore[arg-type]

    binding = items(answer.text)[0]
    assert binding.text("subjects", 0, "namespace") == subject
    assert binding.text("metadata", "namespace") == "new"


@pytest.mark.parametrize(("edition", "created"), [(CATALOGUE, True), (CORRECTED, False)])
def test_only_the_catalogue_invents_a_conversion_webhook(edition: object, created: bool) -> None:
    """A CRD with half of a webhook is refused by the API server."""
    text = resource("CustomResourceDefinition", api_version="apiextensions.k8s.io/v1")

    answer = call(text, config=TO_NEW, edition=edition)  # type: ignore[arg-type]

    assert ("conversion" in answer.text) is created


def test_a_matcher_spares_other_namespaces() -> None:
    """A package can span namespaces of which one moves."""
    config = config_map(namespace="new", namespaceMatcher="old")
    text = resource("ConfigMap", "  namespace: old") + "---\n"

    answer = call(text + resource("Secret", "  namespace: other"), config=config)

    namespaces = [item.text("metadata", "namespace") for item in items(answer.text)]
    assert namespaces == ["new", "other"]


def test_several_upstream_namespaces_need_a_matcher() -> None:
    """Joining namespaces is nothing to do by accident."""
    origin = '    internal.kpt.dev/upstream-identifier: "|ConfigMap|{}|a"'
    text = "---\n".join(
        resource("ConfigMap", "  annotations:", origin.format(name)) for name in ("one", "two")
    )

    answer = call(text, config=TO_NEW)

    assert answer.text == text
    assert "expect a single upstream namespace, found [one two]" in answer.results[0]


def test_depends_on_follows_resources_of_the_package_only() -> None:
    """Another package's resource stays where it is."""
    depends = "    config.kubernetes.io/depends-on: /namespaces/old/ConfigMap/{}"
    text = "---\n".join(
        (
            resource("ConfigMap", "  namespace: old", name="mine"),
            resource("Secret", "  namespace: old", "  annotations:", depends.format("mine")),
            resource("Secret", "  namespace: old", "  annotations:", depends.format("other")),
        )
    )

    answer = call(text, config=TO_NEW)

    assert "/namespaces/new/ConfigMap/mine" in answer.text
    assert "/namespaces/old/ConfigMap/other" in answer.text
    assert answer.results[-1] == (
        '[info]: `depends-on` annotation namespace [old] updated to "new", 1 value(s) changed'
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            None,
            "FunctionConfig is missing. "
            "Expect `ConfigMap.v1` or `SetNamespace.v1alpha1.fn.kpt.dev`",
        ),
        (config_map(other="x"), "`data.namespace` should not be empty"),
        (
            resource("Deployment", api_version="apps/v1"),
            "unknown functionConfig Kind=Deployment ApiVersion=apps/v1, "
            "expect `ConfigMap.v1` or `SetNamespace.v1alpha1.fn.kpt.dev`",
        ),
    ],
    ids=["absent", "empty", "other kind"],
)
@pytest.mark.parametrize(("edition", "exit_code"), [(CATALOGUE, 0), (CORRECTED, 1)])
def test_a_bad_config_is_an_error_that_only_the_corrected_edition_fails_with(
    config: str | None, message: str, edition: object, exit_code: int
) -> None:
    """The catalogue reports it and exits 0, so a render goes on without the namespace."""
    text = resource("ConfigMap")

    answer = call(text, config=config, edition=edition)  # type: ignore[arg-type]

    assert (answer.results, answer.exit_code, answer.text) == (
        [f"[error]: {message}"],
        exit_code,
        text,
    )


def test_the_package_context_gives_its_name() -> None:
    """The usual pipeline of a deployment package names the context file as config."""
    context = resource("ConfigMap", "data:", "  name: shop", name="kptfile.kpt.dev")

    assert "namespace: shop" in call(resource("Secret"), config=context).text


def test_a_word_that_yaml_would_read_as_a_boolean_is_quoted() -> None:
    """Namespace `on` must stay text for every reader."""
    answer = call(resource("ConfigMap"), config=config_map(namespace="on"))

    assert 'namespace: "on"' in answer.text
