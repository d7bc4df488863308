"""What people are told: one Event a transition, and an error that says what to do next."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.conftest import Kubectl
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    condition,
    has_lifecycle,
    is_ready,
)
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"


def reasons(people: People, name: str) -> Counter[str]:
    """How many Events there are for each reason."""
    return Counter(each["reason"] for each in people.events(name))


def test_each_transition_is_told_once(people: People, registered: Repository) -> None:
    """Success included; nothing is told that did not happen."""
    people.ready_draft(NAME)
    generation = people.edit(NAME, {"Kptfile": KPTFILE, "cm.yaml": CONFIG_MAP})
    people.rendered(NAME, generation)
    people.wish(NAME, "Proposed")
    people.wait(NAME, has_lifecycle("Proposed"))
    people.wish(NAME, "Draft", user="approver")
    people.wait(NAME, has_lifecycle("Draft"))
    people.wish(NAME, "Proposed")
    people.wait(NAME, has_lifecycle("Proposed"))
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    people.event(NAME, "Published")
    people.wish(NAME, "DeletionProposed", user="approver")
    people.wait(NAME, has_lifecycle("DeletionProposed"))
    people.event(NAME, "DeletionProposed")

    told = reasons(people, NAME)
    assert told.keys() == {"Rendered", "Proposed", "Reopened", "Published", "DeletionProposed"}
    assert (told["Reopened"], told["Published"], told["DeletionProposed"]) == (1, 1, 1)
    assert {each["type"] for each in people.events(NAME)} == {"Normal"}


def test_kubectl_shows_them(people: People, registered: Repository, kubectl: Kubectl) -> None:
    """`kubectl get events` and `kubectl describe` are where people look."""
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    people.event(NAME, "Published")

    listed = kubectl("get", "events", user="viewer")
    assert f"packagerevision/{NAME}" in listed
    assert "published as revision 1, web/v1" in listed
    assert "Published" in kubectl("describe", "packagerevision", NAME, user="viewer")


def test_a_failed_render_is_told_with_the_function_that_failed(
    people: People, registered: Repository
) -> None:
    """A Warning that names the function."""
    people.ready_draft(NAME)
    broken = KPTFILE.replace("set-namespace", "set-namespce")
    people.rendered(NAME, people.edit(NAME, {"Kptfile": broken}))
    told = people.event(NAME, "RenderFailed")

    assert told["type"] == "Warning"
    assert "set-namespce:v0.4.1" in told["note"]


NEXT_STEPS: dict[str, tuple[str, Object | None, str, str]] = {
    "neither source nor files": (
        "packages.web.v1", None, "Draft", r"create PackageRevisionResources .* or set `spec.source`"
    ),
    "an unknown repository": (
        "nowhere.web.v1", {"init": {}}, "Draft", r"Repository 'nowhere' does not exist .*create it"
    ),
    "a source that is not there": (
        "packages.web.v1", {"copyFrom": {"name": "packages.web.v0"}}, "Draft",
        r"PackageRevision 'packages.web.v0' does not exist",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", NEXT_STEPS)
def test_an_error_says_what_to_do_next(title: str, people: People, registered: Repository) -> None:
    """What is wrong, and what to change."""
    name, source, lifecycle, words = NEXT_STEPS[title]
    people.draft(name, lifecycle=lifecycle, source=source)
    obj = people.wait(name, lambda obj: condition(obj, "Ready").get("status") == "False")

    assert re.search(words, condition(obj, "Ready")["message"])


def test_a_second_init_of_a_package_says_to_copy_instead(
    people: People, registered: Repository
) -> None:
    """The same advice as the existing command line gives."""
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))
    people.draft("packages.web.v2", source={"init": {}})
    refused = people.wait("packages.web.v2", lambda obj: condition(obj, "Stalled") != {})

    assert "use `copyFrom` to make a further revision" in condition(refused, "Ready")["message"]
    assert people.event("packages.web.v2", "AlreadyExists")["type"] == "Warning"


def test_an_unreachable_repository_says_why_and_heals_by_itself(
    operator: RunningOperator, people: People
) -> None:
    """Its address is in the words, and another address is enough."""
    people.register("packages", "http://127.0.0.1:9/none.git")
    failed = people.repository(
        "packages", lambda obj: condition(obj, "Ready").get("status") == "False"
    )

    assert "127.0.0.1:9" in condition(failed, "Ready")["message"]
    assert not is_ready(failed)
    assert people.event("packages", condition(failed, "Ready")["reason"])["type"] == "Warning"
