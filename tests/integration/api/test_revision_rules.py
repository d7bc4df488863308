"""What one PackageRevision decides about itself, held on a real API server both ways."""

from __future__ import annotations

from typing import Any

import pytest

from porch.api.lifecycle import Lifecycle, Refused, change
from tests.integration.api.conftest import People
from tests.integration.api.objects import fact, revision, wish

pytestmark = pytest.mark.cluster

LABEL = "1 to 63 lower-case letters, digits or hyphens, with a letter or digit at both ends"


@pytest.mark.parametrize(
    ("package", "workspace"),
    [("app", "v1"), ("net/vpc", "draft-1"), ("a/b/c", "1"), ("app", "main")],
)
def test_a_name_is_made_of_repository_package_and_workspace(
    people: People, package: str, workspace: str
) -> None:
    """The name is chosen by the client and must be the one that everybody else would choose."""
    assert people.author.creates(revision(package=package, workspace=workspace)).code == 200


@pytest.mark.parametrize("name", ["repo.net.vpc", "repo.vpc.v1", "other", "repo.net.vpc.v1.x"])
def test_another_name_is_refused(people: People, name: str) -> None:
    """Two revisions must not mean the same branch of git."""
    answer = people.author.creates(revision(package="net/vpc", name=name))

    assert answer.code == 422
    assert (
        "metadata.name must be <repository>.<package with dots>.<workspace>, that is "
        f"'repo.net.vpc.v1', found '{name}'"
    ) in answer.message


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("repository", "a.b", f"spec.repository must be {LABEL}, found 'a.b'"),
        ("package", "a/-b", "spec.packageName must be one or more names separated by slashes"),
        ("package", "a.b", "spec.packageName must be one or more names separated by slashes"),
        ("package", "a//b", "spec.packageName must be one or more names separated by slashes"),
        ("workspace", "a_b", "spec.workspaceName must be one or more names separated by dots"),
    ],
)
def test_parts_of_names_that_are_refused(
    people: People, part: str, value: str, message: str
) -> None:
    """The message names the part, what it must be, and what was found."""
    parts: dict[str, Any] = {part: value}
    answer = people.operator.creates(revision(**parts, name="x"))

    assert answer.code == 422
    assert message in answer.message
    assert f"found '{value}'" in answer.message


@pytest.mark.parametrize("field", ["repository", "packageName", "workspaceName"])
def test_the_identity_stays(people: People, field: str) -> None:
    """Another identity is another branch, another tag and another history."""
    made = revision()
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {field: "other"}})

    assert answer.code == 422
    assert f"spec.{field} is immutable, must stay" in answer.message
    assert "found 'other'; create another PackageRevision instead" in answer.message


def test_parts_of_a_name_cannot_be_swapped_while_the_name_stays(people: People) -> None:
    """`a` with the workspace v1.2 and `a/v1` with the workspace 2 have one name."""
    made = revision(package="a", workspace="v1.2")
    people.operator.creates(made)
    answer = people.author.patches(made, {"spec": {"packageName": "a/v1", "workspaceName": "2"}})

    assert answer.code == 422
    assert "spec.packageName is immutable, must stay 'a', found 'a/v1'" in answer.message


@pytest.mark.parametrize("field", ["repository", "packageName", "workspaceName"])
def test_the_identity_is_there(people: People, field: str) -> None:
    """A revision of nothing is none."""
    made = revision()
    del made["spec"][field]
    answer = people.author.creates(made)

    assert answer.code == 422
    assert f"spec.{field}: Required value" in answer.message


SOURCES: list[dict[str, Any]] = [
    {"init": {"description": "An app", "keywords": ["a"], "site": "https://example.org"}},
    {"cloneFrom": {"upstreamRef": {"name": "repo.up.v1"}}},
    {
        "cloneFrom": {
            "type": "git",
            "git": {"repo": "https://x/y.git", "ref": "r", "directory": "d"},
        }
    },
    {"copyFrom": {"name": "repo.app.v0"}},
    {
        "upgrade": {
            "oldUpstream": {"name": "a"},
            "newUpstream": {"name": "b"},
            "currentPackage": {"name": "c"},
            "strategy": "resource-merge",
        }
    },
]


@pytest.mark.parametrize("source", [*SOURCES, None])
def test_each_source_is_accepted(people: People, source: dict[str, Any] | None) -> None:
    """Without one, the files come by PackageRevisionResources."""
    assert people.author.creates(revision(source=source)).code == 200


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({}, "; found:"),
        ({"init": {}, "copyFrom": {"name": "x"}}, "; found: init copyFrom"),
    ],
)
def test_a_source_is_exactly_one(people: People, source: dict[str, Any], found: str) -> None:
    """Which of two came first would be a guess."""
    answer = people.author.creates(revision(source=source))

    assert answer.code == 422
    must = "spec.source must have exactly one of init, cloneFrom, copyFrom, upgrade"
    assert must + found in answer.message


@pytest.mark.parametrize("clone", [{}, {"type": "git"}])
def test_a_clone_has_one_upstream(people: People, clone: dict[str, Any]) -> None:
    """A type alone names no place."""
    answer = people.author.creates(revision(source={"cloneFrom": clone}))

    assert answer.code == 422
    assert "spec.source.cloneFrom must have exactly one of git, upstreamRef" in answer.message


def test_a_strategy_that_does_not_exist_is_refused(people: People) -> None:
    """The message lists the strategies."""
    (upgrade,) = SOURCES[-1].values()
    answer = people.author.creates(revision(source={"upgrade": upgrade | {"strategy": "magic"}}))

    assert answer.code == 422
    assert '"resource-merge", "fast-forward"' in answer.message


@pytest.mark.parametrize(
    "change_", [{"init": {"description": "other"}}, {"init": None, "copyFrom": {"name": "x"}}]
)
def test_a_source_stays(people: People, change_: dict[str, Any]) -> None:
    """It was applied once; another one would change nothing and say something untrue."""
    made = revision()
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {"source": change_}})

    assert answer.code == 422
    assert "spec.source is immutable, it was applied once" in answer.message


@pytest.mark.parametrize(("first", "then"), [({"init": {}}, None), (None, {"init": {}})])
def test_a_source_does_not_come_or_go(
    people: People, first: dict[str, Any] | None, then: dict[str, Any] | None
) -> None:
    """A rule on a field is skipped when the field is removed; this one is not."""
    made = revision(source=first)
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {"source": then}})

    assert answer.code == 422
    assert "spec.source is immutable, and must not be added or removed" in answer.message


def test_gates_and_metadata_may_change(people: People) -> None:
    """They follow the Kptfile, which is content."""
    made = revision()
    people.author.creates(made)
    gates = {"readinessGates": [{"conditionType": "x/Y"}]}

    assert people.author.patches(made, {"spec": gates}).code == 200
    assert (
        people.author.patches(
            made, {"spec": {"packageMetadata": {"labels": {"tier": "core"}}}}
        ).code
        == 200
    )


def test_a_revision_is_a_draft_unless_it_says_otherwise(people: People) -> None:
    """A manifest of a revision that people move by hand leaves the lifecycle out."""
    made = revision()

    assert people.author.creates(made).body["spec"]["lifecycle"] == "Draft"


def test_a_state_that_does_not_exist_is_refused(people: People) -> None:
    """The message lists the states."""
    answer = people.author.creates(revision(lifecycle="Final"))

    assert answer.code == 422
    assert '"Draft", "Proposed", "Published", "DeletionProposed"' in answer.message


@pytest.mark.parametrize("have", [None, *Lifecycle])
@pytest.mark.parametrize("start", Lifecycle)
def test_the_server_follows_the_table_of_the_life_cycle(
    people: People, start: Lifecycle, have: Lifecycle | None
) -> None:
    """Every wish from every wish under every fact, as the operator, who needs no right."""
    made = revision(lifecycle=start)
    assert people.operator.creates(made).code == 200
    if have is not None:
        assert people.operator.patches(made, fact(have), sub="status").code == 200

    for end in set(Lifecycle) - {start}:
        answer = people.operator.patches(made, wish(end), dry=True)
        expected = change(start, end, fact=have)
        assert (answer.code == 422) == isinstance(expected, Refused), f"{start} to {end}: {answer}"
        if isinstance(expected, Refused):
            assert expected.message.replace("`", "") in answer.message


def test_a_published_revision_says_how_to_change_it(people: People) -> None:
    """Who wants a draft of something published wants another revision."""
    made = revision(lifecycle="Published")
    people.operator.creates(made)
    people.operator.patches(made, fact("Published"), sub="status")
    answer = people.author.patches(made, wish("Draft"))

    assert answer.code == 422
    assert "make another revision with spec.source.copyFrom" in answer.message


def test_labels_of_a_published_revision_may_change(people: People) -> None:
    """Nothing of what was published is in them."""
    made = revision(lifecycle="Published")
    people.operator.creates(made)
    people.operator.patches(made, fact("Published"), sub="status")

    assert people.author.patches(made, {"metadata": {"labels": {"a": "b"}}}).code == 200


@pytest.mark.parametrize(
    ("name", "code"), [("repo.net.vpc", 200), ("repo.vpc", 422), ("repo.net.vpc.v1", 422)]
)
def test_a_package_is_named_like_its_revisions(people: People, name: str, code: int) -> None:
    """Without the workspace."""
    body = {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PorchPackage",
        "metadata": {"name": name},
        "spec": {"repository": "repo", "packageName": "net/vpc"},
    }
    answer = people.operator.creates(body)

    assert answer.code == code
    assert code == 200 or "that is 'repo.net.vpc', found" in answer.message
