"""What is said of a right that the runner lacks."""

import pytest

from porch.runtime.apierrors import Forbidden, Unavailable
from porch_function_runner.rights import ROLE, advised
from tests.integration.installed import ROOT

REFUSED = (
    'GET /api/v1/namespaces/fns/pods: pods is forbidden: User "system:serviceaccount:a:b" cannot'
    ' list resource "pods" in API group "" in the namespace "fns" (403)'
)


def test_a_missing_right_is_named_with_the_role_to_apply() -> None:
    """Verb, resource and namespace, and still the server's words: they name the account."""
    words = advised(Forbidden(REFUSED))

    assert "must be allowed to list pods in namespace 'fns'" in words
    assert "apply Role 'porch-function-executor'" in words
    assert words.endswith(REFUSED)


def test_a_right_for_the_whole_cluster_is_said_to_be_one() -> None:
    """There is no namespace in the server's words."""
    refused = 'cannot list resource "pods" in API group "" at the cluster scope'

    assert "must be allowed to list pods everywhere" in advised(Forbidden(refused))


@pytest.mark.parametrize(
    "err",
    [
        Forbidden('pods "p1" is forbidden: exceeded quota: small, requested: pods=1, limited: 0'),
        Forbidden('pods "p1" is forbidden: violates PodSecurity "restricted:latest"'),
        Unavailable('User "a" cannot list resource "pods"'),
    ],
)
def test_nothing_is_advised_where_no_right_is_missing(err: Forbidden | Unavailable) -> None:
    """A quota is not mended by a Role."""
    assert advised(err) == str(err)


def test_the_role_is_the_one_that_is_shipped() -> None:
    """Advice that cannot be followed is worse than none."""
    text = (ROOT / "manifests" / "functions" / "runner.yaml").read_text()

    assert f"kind: Role\nmetadata:\n  name: {ROLE}\n" in text
