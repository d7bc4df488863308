"""What one Repository decides about itself, held on a real API server both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import People
from tests.integration.api.objects import repository

pytestmark = pytest.mark.cluster

OCI: dict[str, Any] = {"type": "oci", "git": None, "oci": {"registry": "oci.example.org/packages"}}


def test_a_repository_gets_its_defaults(people: People) -> None:
    """The least that must be said is where it is."""
    spec = people.author.creates(repository()).body["spec"]

    assert spec["git"]["branch"] == "main"
    assert spec["content"] == "Package"
    assert spec["inline"] == "All"


@pytest.mark.parametrize(
    "spec",
    [
        {"inline": "Drafts"},
        {"inline": "None"},
        {"content": ""},
        {"sync": {"schedule": "*/10 * * * *", "runOnceAt": "2026-01-01T00:00:00Z"}},
        OCI,
    ],
)
def test_repositories_that_are_accepted(people: People, spec: dict[str, Any]) -> None:
    """Both types, and every policy of what is kept inline."""
    assert people.author.creates(repository(**spec)).code == 200


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "svn"}, 'supported values: "git", "oci"'),
        ({"type": None}, "spec.type: Required value"),
        ({"content": "Function"}, 'supported values: "", "Package"'),
        ({"inline": "Some"}, 'supported values: "All", "Drafts", "None"'),
        ({"git": {}}, "spec.git.repo: Required value"),
        ({"git": None}, "spec must have git, as spec.type says, and not oci"),
        ({"oci": {"registry": "x"}}, "spec must have git, as spec.type says, and not oci"),
        ({"type": "oci"}, "spec must have oci, as spec.type says, and not git"),
        ({"git": {"repo": ""}}, "should be at least 1 chars long"),
    ],
)
def test_repositories_that_are_refused(people: People, spec: dict[str, Any], message: str) -> None:
    """The message names the field and what it may be."""
    answer = people.author.creates(repository(**spec))

    assert answer.code == 422
    assert message in answer.message


@pytest.mark.parametrize("name", ["a.b", "a" * 64])
def test_a_name_with_dots_or_too_long_is_refused(people: People, name: str) -> None:
    """It is the first segment of the names of all revisions."""
    answer = people.author.creates(repository(name=name))

    assert answer.code == 422
    assert "metadata.name must be 1 to 63 lower-case letters" in answer.message
    assert f"found '{name}'" in answer.message


@pytest.mark.parametrize(
    ("git", "field"),
    [
        ({"repo": "https://other.example.org/x.git"}, "repo"),
        ({"branch": "release"}, "branch"),
        ({"branch": None}, "branch"),
        ({"directory": "other"}, "directory"),
        ({"directory": None}, "directory"),
    ],
)
def test_the_place_stays(people: People, git: dict[str, Any], field: str) -> None:
    """All revisions would be of another repository; removing a field is a change too."""
    place = {"repo": "https://git.example.org/x.git", "branch": "develop", "directory": "d"}
    made = repository(git=place)
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {"git": git}})

    assert answer.code == 422
    assert f"spec.git.{field} is immutable, must stay '{place[field]}', found" in answer.message
    assert "register another Repository instead" in answer.message


def test_a_directory_is_not_added_later(people: People) -> None:
    """The names and the refs of everything would change."""
    made = repository()
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {"git": {"directory": "d"}}})

    assert answer.code == 422
    assert "spec.git.directory is immutable, must stay '', found 'd'" in answer.message


def test_the_type_stays(people: People) -> None:
    """git does not become a registry."""
    made = repository()
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": OCI})

    assert answer.code == 422
    assert "spec.type is immutable, must stay 'git', found 'oci'" in answer.message


def test_the_registry_stays(people: People) -> None:
    """As the URL of git does."""
    made = repository(**OCI)
    people.author.creates(made)
    answer = people.author.patches(made, {"spec": {"oci": {"registry": "other"}}})

    assert answer.code == 422
    assert "spec.oci.registry is immutable, must stay 'oci.example.org/packages'" in answer.message


@pytest.mark.parametrize(
    "spec",
    [
        {"description": "new"},
        {"deployment": True},
        {"git": {"secretRef": {"name": "auth"}}},
        {"git": {"author": "A", "email": "a@example.org", "createBranch": True}},
        {"sync": {"schedule": "@hourly"}},
        {"inline": "None"},
    ],
)
def test_everything_else_may_change(people: People, spec: dict[str, Any]) -> None:
    """Credentials and treatment are no identity."""
    made = repository()
    people.author.creates(made)

    assert people.author.patches(made, {"spec": spec}).code == 200


def test_the_status_is_written_by_the_operator(people: People) -> None:
    """And is shown: what the server can do, and what was skipped."""
    made = repository()
    people.author.creates(made)
    status = {
        "status": {
            "packageCount": 3,
            "capabilities": {"atomicPush": False},
            "warnings": [{"subject": "drafts/foo", "reason": "NameInvalid", "message": "skipped"}],
        }
    }

    assert people.author.patches(made, status, sub="status").code == 403
    assert people.operator.patches(made, status, sub="status").body["status"] == status["status"]
