"""Who may approve, publish and delete: admission policies on a real API server, both ways."""

from __future__ import annotations

from datetime import timedelta

import pytest

from porch_devcluster.api import wait_for
from porch_devcluster.cluster import Cluster
from tests.integration.api.conftest import ROLES, People, Person
from tests.integration.api.objects import Object, fact, resources, revision, wish
from tests.integration.waiting import until

pytestmark = pytest.mark.cluster

MAY_NOT = (
    "approving needs the right to update packagerevisions/approval, which {user} does not have "
    "in namespace {namespace}; ask an approver"
)
PROPOSE = (
    "published PackageRevisions must be proposed for deletion by setting spec.lifecycle to "
    "'DeletionProposed' prior to deletion"
)


def in_state(people: People, *, wanted: str, reached: str | None = None) -> Object:
    """A revision that somebody brought into this state."""
    made = revision(lifecycle=wanted)
    assert people.operator.creates(made).code == 200
    if reached is not None:
        assert people.operator.patches(made, fact(reached), sub="status").code == 200
    return made


@pytest.mark.parametrize("start", ["Draft", "Proposed"])
def test_an_author_may_not_approve(people: People, start: str) -> None:
    """The one separation of duties that the API server itself upholds."""
    answer = people.author.patches(in_state(people, wanted=start), wish("Published"))

    assert answer.code == 403
    assert MAY_NOT.format(user="author", namespace=people.author.namespace) in answer.message


@pytest.mark.parametrize("start", ["Draft", "Proposed"])
def test_an_approver_approves(people: People, start: str) -> None:
    """Also what is not proposed yet: the wish is ahead of the fact."""
    made = in_state(people, wanted=start)

    assert people.approver.patches(made, wish("Published")).code == 200


def test_an_approver_may_not_edit_the_files(people: People) -> None:
    """Whoever approves should not have written it."""
    people.author.creates(resources({"Kptfile": "x"}))
    answer = people.approver.updates(resources({"Kptfile": "y"}))

    assert answer.code == 403


@pytest.mark.parametrize("lifecycle", ["Draft", "Proposed"])
def test_an_author_creates_drafts_and_proposals(people: People, lifecycle: str) -> None:
    """A manifest may state the end that it wants."""
    assert people.author.creates(revision(lifecycle=lifecycle)).code == 200


def test_an_author_may_not_create_what_is_published(people: People) -> None:
    """Creating as Published is approving."""
    answer = people.author.creates(revision(lifecycle="Published"))

    assert answer.code == 403
    assert "approving needs the right" in answer.message


def test_who_may_create_and_approve_creates_as_published(
    people: People, installed_cluster: Cluster
) -> None:
    """A GitOps controller with both roles applies finished revisions."""
    installed_cluster.grant("author", role=ROLES["approver"], namespace=people.author.namespace)
    made = revision(lifecycle="Published")
    until(lambda: people.author.creates(made, dry=True).code == 200, what="the grant is in force")

    assert people.author.creates(made).code == 200


def test_only_the_operator_creates_what_is_proposed_for_deletion(people: People) -> None:
    """It is not wanted of anything that is not published; the operator shows what git has."""
    made = revision(lifecycle="DeletionProposed")

    refused = people.admin.creates(made)
    assert refused.code == 403
    assert (
        "a PackageRevision must be created as Draft, Proposed or Published, found DeletionProposed"
    ) in refused.message
    assert people.operator.creates(made).code == 200


@pytest.mark.parametrize(
    ("start", "end", "reached"),
    [
        ("Draft", "Proposed", "Draft"),
        ("Proposed", "Draft", "Proposed"),
        ("Published", "Draft", "Proposed"),
        ("Published", "DeletionProposed", "Published"),
        ("DeletionProposed", "Published", "DeletionProposed"),
    ],
)
def test_an_author_does_everything_else(people: People, start: str, end: str, reached: str) -> None:
    """Proposing, withdrawing, proposing a deletion and taking that back publish nothing new."""
    made = in_state(people, wanted=start, reached=reached)

    assert people.author.patches(made, wish(end)).code == 200


def test_a_viewer_only_looks(people: People) -> None:
    """The shipped role writes nothing."""
    made = in_state(people, wanted="Draft")

    assert people.viewer.reads(made)["metadata"]["name"] == "repo.app.v1"
    assert people.viewer.patches(made, wish("Proposed")).code == 403
    assert people.viewer.creates(resources({})).code == 403
    assert people.viewer.deletes(made).code == 403


def test_an_author_may_not_make_a_workspace_with_dots(people: People) -> None:
    """Tags such as v1.2.0 are shown by the operator; a client's dots could mean another package."""
    made = revision(workspace="v1.2.0")

    refused = people.author.creates(made)
    assert refused.code == 403
    assert "spec.workspaceName must not have dots, found 'v1.2.0'" in refused.message
    assert people.operator.creates(made).code == 200


@pytest.mark.parametrize("reached", ["Published", None])
def test_a_published_revision_is_not_deleted_at_once(people: People, reached: str | None) -> None:
    """Not even by an administrator: others may be built on it."""
    made = in_state(people, wanted="Published", reached=reached)
    answer = people.admin.deletes(made)

    assert answer.code == 403
    assert PROPOSE in answer.message


def test_an_approval_under_way_can_also_be_withdrawn_before_deletion(people: People) -> None:
    """The message tells the way that leaves no tag."""
    made = in_state(people, wanted="Published", reached="Proposed")
    answer = people.admin.deletes(made)

    assert answer.code == 403
    assert "or, as its approval has not been carried out yet, back to 'Draft'" in answer.message


@pytest.mark.parametrize("wanted", ["Draft", "Proposed"])
def test_what_git_has_published_is_protected_whatever_is_wished(
    people: People, wanted: str
) -> None:
    """Another system published it a moment ago, and the wish has not followed yet."""
    made = in_state(people, wanted=wanted, reached="Published")

    assert PROPOSE in people.author.deletes(made).message


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("Draft", "Draft"),
        ("Proposed", "Proposed"),
        ("DeletionProposed", "DeletionProposed"),
        ("DeletionProposed", "Published"),
    ],
)
def test_everything_else_may_be_deleted(people: People, wanted: str, reached: str) -> None:
    """Drafts at once, published revisions after the proposal."""
    made = in_state(people, wanted=wanted, reached=reached)

    assert people.author.deletes(made).code == 200


def test_the_operator_deletes_what_git_does_not_have_any_more(people: People) -> None:
    """The object of a tag that others removed shows nothing."""
    made = in_state(people, wanted="Published", reached="Published")

    assert people.operator.deletes(made).code == 200


def test_a_collection_with_something_published_is_protected_too(people: People) -> None:
    """kubectl delete --all must not be a way around."""
    in_state(people, wanted="Published", reached="Published")

    with pytest.raises(Exception, match="must be proposed for deletion"):
        people.admin.api.delete(
            f"/apis/porch.kpt.dev/v1alpha2/namespaces/{people.admin.namespace}/packagerevisions"
        )


def test_a_namespace_goes_with_what_is_published_in_it(people: People) -> None:
    """Nobody should have to propose deletions to be rid of a namespace."""
    in_state(people, wanted="Published", reached="Published")
    name = f"{people.admin.namespace}-going"
    other = Person(people.admin.api, name)
    operator = Person(people.operator.api, name)
    people.admin.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    held = revision(lifecycle="Published") | {}
    held["metadata"]["finalizers"] = ["tests.example.org/hold"]
    assert operator.creates(held).code == 200

    people.admin.api.delete(f"/api/v1/namespaces/{name}")
    path = f"/apis/porch.kpt.dev/v1alpha2/namespaces/{name}/packagerevisions/repo.app.v1"
    going = wait_for(
        people.admin.api,
        path,
        lambda found: "deletionTimestamp" in found["metadata"],
        within=timedelta(seconds=30),
    )

    assert going["spec"]["lifecycle"] == "Published"
    assert other.patches(held, {"metadata": {"finalizers": None}}).code == 200


@pytest.mark.parametrize("who", ["admin", "author", "approver"])
def test_nobody_but_the_operator_writes_the_status_of_a_revision(people: People, who: str) -> None:
    """A forged fact would open what the facts protect, a forged record would be published."""
    made = in_state(people, wanted="Draft")
    person: Person = getattr(people, who)
    answer = person.patches(made, fact("Published"), sub="status")

    assert answer.code == 403
    assert who != "admin" or (
        "status of PackageRevisions is written by the operator, not by" in answer.message
    )


def test_a_service_account_of_the_operators_name_is_not_the_operator(
    people: People, installed_cluster: Cluster
) -> None:
    """The name alone gives nothing: the right to write the files' status must be there too."""
    namespace = people.admin.namespace
    people.admin.api.create(
        f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "porch-operator"}}
    )
    grant(people, role="admin", subject={"name": "porch-operator", "namespace": namespace})
    made = in_state(people, wanted="Published", reached="Published")
    token = installed_cluster.service_account_kubeconfig("porch-operator", namespace=namespace)
    impostor = Person(type(people.admin.api)(token), namespace)
    until(lambda: impostor.patches(made, {"metadata": {"labels": {"a": "b"}}}).code == 200)

    assert impostor.deletes(made).code == 403


def test_an_operator_of_single_namespaces_is_the_operator_there(
    people: People, installed_cluster: Cluster
) -> None:
    """The policies know no namespace of the operator, so it may be installed in any."""
    namespace = people.admin.namespace
    people.admin.api.create(
        f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "porch-operator"}}
    )
    grant(people, role="porch-operator", subject={"name": "porch-operator", "namespace": namespace})
    made = in_state(people, wanted="Published", reached="Published")
    token = installed_cluster.service_account_kubeconfig("porch-operator", namespace=namespace)
    operator = Person(type(people.admin.api)(token), namespace)
    until(lambda: operator.patches(made, {"metadata": {"labels": {"a": "b"}}}).code == 200)

    assert operator.patches(made, fact("Published", revision=1), sub="status").code == 200
    assert operator.deletes(made).code == 200


def grant(people: People, *, role: str, subject: dict[str, str]) -> None:
    """Bind a ClusterRole to a ServiceAccount in the test's namespace."""
    group = "rbac.authorization.k8s.io"
    people.admin.api.create(
        f"/apis/{group}/v1/namespaces/{people.admin.namespace}/rolebindings",
        {
            "metadata": {"name": f"{subject['name']}-{role}"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount"} | subject],
        },
    )
