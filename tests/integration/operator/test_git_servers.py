"""Git servers as they are: without atomic pushes, with protected branches, with hooks."""

from __future__ import annotations

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    condition,
    has_lifecycle,
    is_pushed,
    is_ready,
)

pytestmark = pytest.mark.cluster

NAME = "packages.web.v1"
REFUSES_ONE = """\
#!/bin/sh
while read -r old new ref; do
  case "$ref" in
    refs/tags/three/*) echo "package three is frozen until Monday" >&2; exit 1;;
  esac
done
"""


def is_refused(obj: Object) -> bool:
    """Stalled, because the repository refused it."""
    return condition(obj, "Stalled").get("reason") == "PushRefused"


@pytest.fixture
def not_atomic(git_repository: Repository) -> Repository:
    """A repository that refuses to move several refs at once; name it before `registered`."""
    git_repository.without_atomic()
    return git_repository


def test_a_package_is_published_on_a_server_without_atomic_pushes(
    not_atomic: Repository, people: People, registered: Repository
) -> None:
    """The refs move one after the other, and the end is the same."""
    people.ready_draft(NAME)
    people.wait(NAME, is_pushed)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))

    assert registered.refs().keys() == {"refs/heads/main", "refs/tags/web/v1"}
    assert "web/Kptfile" in registered.files("main")

    second = "packages.web.v2"
    people.draft(second, source={"copyFrom": {"name": NAME}})
    people.ready(second)
    people.wish(second, "Proposed")
    people.wait(second, has_lifecycle("Proposed"))
    people.wish(second, "Draft")
    people.wait(second, lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj))

    assert "refs/heads/proposed/web/v2" not in registered.refs()


def test_a_repository_says_whether_its_pushes_are_atomic(
    not_atomic: Repository, people: People, registered: Repository
) -> None:
    """Who runs the server learns what they could gain."""
    found = people.repository("packages", is_ready)

    assert found["status"]["capabilities"] == {"atomicPush": False}


def test_a_protected_branch_refuses_a_publication_with_the_servers_words(
    people: People, registered: Repository
) -> None:
    """Nothing is half published; once it is allowed, touching the object is enough."""
    registered.protect("main")
    head = registered.refs()["refs/heads/main"]
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    refused = people.wait(NAME, is_refused)

    assert "refusing to change protected branch main" in condition(refused, "Stalled")["message"]
    assert condition(refused, "Ready")["status"] == "False"
    assert registered.refs()["refs/heads/main"] == head
    assert "refs/tags/web/v1" not in registered.refs()

    registered.remove_hook("update")
    touch = {"metadata": {"annotations": {"touched": "yes"}}}
    people.api("author").merge(people.revision_path(NAME), touch)
    people.wait(NAME, has_lifecycle("Published"))

    assert registered.read("refs/tags/web/v1", "web/Kptfile") == people.files(NAME)["Kptfile"]


def test_a_refused_publication_can_be_withdrawn_and_its_draft_changed(
    people: People, registered: Repository
) -> None:
    """While git has no tag, an approval is a wish that can be taken back."""
    registered.protect("main")
    people.ready_draft(NAME)
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, is_refused)
    people.wish(NAME, "Draft")
    people.wait(NAME, has_lifecycle("Draft"))
    people.rendered(NAME, people.edit(NAME, {"cm.yaml": CONFIG_MAP}))
    registered.remove_hook("update")
    people.wish(NAME, "Published", user="approver")
    people.wait(NAME, has_lifecycle("Published"))

    assert "web/cm.yaml" in registered.files("refs/tags/web/v1")


def test_a_hook_that_refuses_one_package_of_five_lets_the_others_be_published(
    people: People, registered: Repository
) -> None:
    """Publications share a push; one that is refused is found and left out."""
    names = [f"packages.{each}.v1" for each in ("one", "two", "three", "four", "five")]
    for name in names:
        people.ready_draft(name)
    registered.install_hook("pre-receive", REFUSES_ONE)
    for name in names:
        people.wish(name, "Published", user="approver")
    refused = people.wait("packages.three.v1", is_refused)

    assert "package three is frozen until Monday" in condition(refused, "Stalled")["message"]
    for name in names:
        if name != "packages.three.v1":
            assert people.wait(name, has_lifecycle("Published"))["status"]["revision"] == 1
    tags = {ref for ref in registered.refs() if ref.startswith("refs/tags/")}
    assert tags == {f"refs/tags/{each}/v1" for each in ("one", "two", "four", "five")}
    on_branch = {path.partition("/")[0] for path in registered.files("main")}
    assert on_branch == {"README.md", "one", "two", "four", "five"}


def test_a_push_from_outside_between_two_publications_is_kept(
    people: People, registered: Repository
) -> None:
    """A lost race fetches, plans again and publishes on top; numbers stay unique."""
    for number in range(4):
        registered.commit({"README.md": f"# Written past the server, {number}\n"})
        people.ready_draft(f"packages.web{number}.v1")
        people.wish(f"packages.web{number}.v1", "Published", user="approver")
    for number in range(4):
        people.wait(f"packages.web{number}.v1", has_lifecycle("Published"))

    assert registered.read("main", "README.md") == "# Written past the server, 3\n"
    outside = registered.git("log", "--format=%s", "--grep=past the server", "main").splitlines()
    assert len(outside) == 4


def test_a_draft_whose_branch_is_refused_works_and_tells_of_it(
    people: People, registered: Repository
) -> None:
    """A draft waits for nothing; git's refusal is an Event and a publication's business."""
    registered.install_hook("update", '#!/bin/sh\necho "no branches today" >&2\nexit 1\n')
    people.ready_draft(NAME)
    people.rendered(NAME, people.edit(NAME, {"cm.yaml": CONFIG_MAP}))

    assert is_ready(people.wait(NAME, is_ready))
    told = people.event(NAME, "PushRefused")
    assert "no branches today" in told["note"]
