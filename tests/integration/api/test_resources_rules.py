"""What may be written to PackageRevisionResources: paths, the seal and the status, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import People
from tests.integration.api.objects import Object, resources

pytestmark = pytest.mark.cluster

FILES = {"Kptfile": "kind: Kptfile\n", "a/b.yaml": "kind: B\n"}
RENDERED: dict[str, Any] = {
    "observedGeneration": 2,
    "renderStatus": {
        "result": {
            "apiVersion": "kpt.dev/v1",
            "kind": "FunctionResultList",
            "items": [{"image": "set-namespace:v0.4.1", "results": [{"message": "done"}]}],
        }
    },
    "omitted": [{"path": "run.sh", "mode": "100755", "blob": "a" * 40, "why": "Executable"}],
}
OPERATORS = "status of PackageRevisionResources is written by the operator; leave it out"


def shown(people: People, *, lifecycle: str | None = "Draft") -> Object:
    """The files of a revision as the operator shows them after a render."""
    status = RENDERED | ({"lifecycle": lifecycle} if lifecycle else {})
    parts = {"repository": "repo", "packageName": "app", "workspaceName": "v1"}
    made = resources(FILES, status=status, spec=parts)
    made["metadata"]["labels"] = {"porch.kpt.dev/repository": "repo"}
    answer = people.operator.creates(made)
    assert answer.code == 200, answer
    return answer.body


def pushed(files: dict[str, str], *, over: Object) -> Object:
    """What the existing command line's push sends: name, version, files and an empty status."""
    empty = {"renderStatus": {"result": {"exitCode": 0, "metadata": {}}, "error": ""}}
    made = resources(files, status=empty)
    made["metadata"]["creationTimestamp"] = None
    made["metadata"]["resourceVersion"] = over["metadata"]["resourceVersion"]
    return made


@pytest.mark.parametrize(
    "path",
    [
        "Kptfile",
        ".gitignore",
        ".krmignore",
        "a/b/c.yaml",
        "with space.txt",
        "größe.txt",
        "...",
        "a.git/x",
        "git",
        "x" * 1024,
    ],
)
def test_paths_that_are_accepted(people: People, path: str) -> None:
    """Whatever a git tree may hold."""
    assert people.author.creates(resources({path: "x"})).code == 200


@pytest.mark.parametrize(
    "path",
    ["", "/x", "x/", "../x", "a/../b", ".", "a/./b", "a//b", ".git/config", "a/.GIT/x", "a\\b"],
)
def test_paths_that_are_refused(people: People, path: str) -> None:
    """A path must name a file inside the package on any machine; the message quotes it."""
    answer = people.author.creates(resources({"ok.yaml": "x", path: "x"}))

    assert answer.code == 422
    assert "each path in spec.resources must be relative" in answer.message
    assert f"; found '{path}'" in answer.message


@pytest.mark.parametrize("path", ["a\nb", "a\tb", "a\x7fb", "x" * 1025])
def test_paths_with_control_characters_or_too_long_are_refused(people: People, path: str) -> None:
    """They break terminals and file systems."""
    answer = people.author.creates(resources({path: "x"}))

    assert answer.code == 422
    assert "each path in spec.resources must be relative, of at most 1024 char" in answer.message


def test_a_large_package_is_within_the_cost_limits(people: People) -> None:
    """3,000 files of about 1 MB; the server counts what a rule costs while it runs."""
    made = resources({f"dir{n % 50}/file{n}.yaml": "x" * 330 for n in range(3000)})

    assert people.author.creates(made).code == 200
    assert (
        people.author.updates(
            people.author.reads(made) | {"spec": {"resources": {"Kptfile": "x"}}}
        ).code
        == 200
    )


def test_files_may_come_before_their_revision(people: People) -> None:
    """GitOps tools apply and dry-run both together, in any order."""
    assert people.author.creates(resources(FILES)).code == 200


@pytest.mark.parametrize(("name", "code"), [("repo.net.vpc.v1", 200), ("repo.vpc.v1", 422)])
def test_files_that_name_their_revision_are_named_like_it(
    people: People, name: str, code: int
) -> None:
    """A typing error would be files that no revision ever takes."""
    parts = {"repository": "repo", "packageName": "net/vpc", "workspaceName": "v1"}
    answer = people.author.creates(resources(FILES, name=name, spec=parts))

    assert answer.code == code
    assert (
        code == 200
        or (
            "metadata.name must be 'repo.net.vpc.v1', the name of the PackageRevision that spec "
            "names, found 'repo.vpc.v1'"
        )
        in answer.message
    )


@pytest.mark.parametrize("lifecycle", ["Draft", None])
def test_a_push_to_a_draft_is_an_edit(people: People, lifecycle: str | None) -> None:
    """All but the name and the files is gone from it, the status included."""
    made = shown(people, lifecycle=lifecycle)
    answer = people.author.updates(pushed({"Kptfile": "new"}, over=made))

    assert answer.code == 200, answer
    assert answer.body["spec"] == {"resources": {"Kptfile": "new"}}


def test_a_push_to_a_proposal_is_refused(people: People) -> None:
    """An acknowledged edit is never lost: what was proposed cannot be edited."""
    made = shown(people, lifecycle="Proposed")
    answer = people.author.updates(pushed({"Kptfile": "new"}, over=made))

    assert answer.code == 422
    assert (
        "spec.resources must not change while the revision is Proposed; to edit it, set "
        "spec.lifecycle of the PackageRevision to Draft, and read the files again"
    ) in answer.message


@pytest.mark.parametrize(
    ("lifecycle", "way"),
    [
        ("Proposed", "to edit it, set spec.lifecycle of the PackageRevision to Draft"),
        ("Published", "to change it, make another revision with spec.source.copyFrom"),
        ("DeletionProposed", "to change it, make another revision with spec.source.copyFrom"),
    ],
)
@pytest.mark.parametrize("change", [{"Kptfile": "new"}, {"Kptfile": None}, None])
def test_sealed_files_do_not_change(
    people: People, lifecycle: str, way: str, change: dict[str, Any] | None
) -> None:
    """Neither edited nor removed, nor dropped as a whole; the message tells the way."""
    made = shown(people, lifecycle=lifecycle)
    answer = people.author.patches(made, {"spec": {"resources": change}})

    assert answer.code == 422
    assert f"spec.resources must not change while the revision is {lifecycle}; {way}" in (
        answer.message
    )


def test_the_operator_is_held_by_the_seal_too(people: People) -> None:
    """It unseals, in a write of its own; a race of two of its parts cannot change a proposal."""
    made = shown(people, lifecycle="Proposed")
    edit = {"spec": {"resources": {"Kptfile": "new"}}}

    assert people.operator.patches(made, edit).code == 422
    assert people.operator.patches(made, {"status": {"lifecycle": "Draft"}} | edit).code == 422
    assert people.operator.patches(made, {"status": {"lifecycle": "Draft"}}).code == 200
    assert people.operator.patches(made, edit).code == 200


@pytest.mark.parametrize("status", [None, {"lifecycle": None}])
def test_the_seal_is_not_wiped(people: People, status: dict[str, Any] | None) -> None:
    """Not even by the operator by accident."""
    made = shown(people, lifecycle="Proposed")
    answer = people.operator.patches(made, {"status": status})

    assert answer.code == 422
    assert (
        "status.lifecycle must not be removed while the revision is Proposed; read the object "
        "again and send status as it is"
    ) in answer.message


def test_labels_of_sealed_files_may_change(people: People) -> None:
    """They are no content."""
    made = shown(people, lifecycle="Published")

    assert people.author.patches(made, {"metadata": {"labels": {"a": "b"}}}).code == 200


def test_sealed_files_may_be_sent_back_as_they_were_read(people: People) -> None:
    """kubectl apply of an exported object changes nothing."""
    made = shown(people, lifecycle="Published")

    assert people.author.updates(people.author.reads(made)).code == 200


@pytest.mark.parametrize("lifecycle", ["Draft", "Proposed"])
@pytest.mark.parametrize(
    "status",
    [
        {"lifecycle": "Published"},
        {"renderStatus": {"error": "forged"}},
        {"renderStatus": {"result": {"items": [{"image": "forged"}]}}},
        {"omitted": [{"path": "x", "mode": "120000", "blob": "b" * 40, "why": "Symlink"}]},
        {"observedGeneration": 99},
        {
            "conditions": [
                {
                    "type": "Inline",
                    "status": "False",
                    "reason": "NotInline",
                    "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }
            ]
        },
    ],
)
def test_nobody_but_the_operator_writes_the_status(
    people: People, lifecycle: str, status: dict[str, Any]
) -> None:
    """The seal above all."""
    made = shown(people, lifecycle=lifecycle)
    by_author = people.author.patches(made, {"status": status})

    assert by_author.code == 403
    assert OPERATORS in by_author.message
    assert people.admin.patches(made, {"status": status}).code == 403
    assert people.operator.patches(made, {"status": status}).code == 200


def test_a_status_may_be_left_out_of_an_edit(people: People) -> None:
    """A manifest has none."""
    made = shown(people)

    assert people.author.updates(people.author.reads(made) | {"status": {}}).code == 200


def test_a_typed_client_may_send_back_the_status_that_it_knows(people: People) -> None:
    """The existing clients know `renderStatus` only, and fill in what the operator left out."""
    made = people.author.reads(shown(people))
    known = made["status"]["renderStatus"]
    assert known["error"] == ""
    assert known["result"]["exitCode"] == 0
    known["result"]["metadata"] = {"creationTimestamp": None}
    made["status"] = {"renderStatus": known}
    made["spec"]["resources"] = {"Kptfile": "new"}

    assert people.author.updates(made).code == 200


@pytest.mark.parametrize("status", [{"lifecycle": "Draft"}, RENDERED])
def test_files_are_created_without_a_status(people: People, status: dict[str, Any]) -> None:
    """The operator has not seen them yet."""
    answer = people.author.creates(resources(FILES, status=status))

    assert answer.code == 403
    assert OPERATORS in answer.message


@pytest.mark.parametrize(
    ("lifecycle", "code"), [("Draft", 200), ("Proposed", 403), ("Published", 403)]
)
def test_sealed_files_go_with_their_revision_only(
    people: People, lifecycle: str, code: int
) -> None:
    """Deleted and created again they would be an edit of what was proposed."""
    made = shown(people, lifecycle=lifecycle)
    answer = people.author.deletes(made)

    assert answer.code == code
    assert (
        code == 200
        or (
            f"the files of a revision that is {lifecycle} go with their PackageRevision; "
            "delete that instead"
        )
        in answer.message
    )


def test_the_operator_deletes_sealed_files(people: People) -> None:
    """With their PackageRevision."""
    made = shown(people, lifecycle="Published")

    assert people.operator.deletes(made).code == 200


def test_a_write_is_the_complete_content(people: People) -> None:
    """Server-side apply owns the map as a whole: a file that is left out is removed."""
    made = resources({"a": "1", "b": "2"})
    people.author.creates(made)
    path = f"/apis/porch.kpt.dev/v1alpha1/namespaces/{people.author.namespace}"
    path += "/packagerevisionresources/repo.app.v1"
    applied = people.author.api.apply(path, resources({"a": "1"}))

    assert applied["spec"]["resources"] == {"a": "1"}


@pytest.mark.parametrize(
    ("patch", "rises"),
    [
        ({"spec": {"resources": {"Kptfile": "new"}}}, True),
        ({"status": {"observedGeneration": 7}}, True),
        ({"metadata": {"labels": {"a": "b"}}}, False),
        ({"spec": {"resources": {"Kptfile": FILES["Kptfile"]}}}, False),
    ],
)
def test_the_generation_counts_what_is_written(
    people: People, patch: dict[str, Any], rises: bool
) -> None:
    """By exactly one with files or status, by nothing otherwise: edits are noticed by it."""
    made = shown(people)
    after = people.operator.patches(made, patch).body["metadata"]["generation"]

    assert after == made["metadata"]["generation"] + rises
