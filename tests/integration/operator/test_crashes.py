"""kill -9 of the operator between any two effects of a story, and another start.

A story's effects are counted undisturbed first; then it is told once for each of them on a package
of its own, and the operator is killed when that effect has happened and its answer has not come.
What is found in the end, in the objects and in git, must equal the undisturbed end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from porch_devcluster.api import Object
from porch_devcluster.cluster import Cluster
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.killing import Killer, Moment
from tests.integration.operator.manifests import KPTFILE
from tests.integration.operator.people import (
    CONFIG_MAP,
    People,
    has_lifecycle,
    is_pushed,
    is_ready,
)
from tests.integration.operator.proxy import Proxy, worlds_of
from tests.integration.operator.running import RunningOperator

pytestmark = pytest.mark.cluster

MAX_EFFECTS = 40  # of one story; more is a loop


@dataclass(frozen=True, slots=True)
class Story:
    """What people do with one package, and when it is over."""

    prepare: Callable[[People, str], None]  # undisturbed
    tell: Callable[[People, str], None]  # in one breath: it waits for nothing
    is_over: Callable[[Object], bool]
    workspace: str = "v1"  # of the revision that it is about


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a story is told."""

    people: People
    operator: RunningOperator
    killer: Killer
    repository: Repository
    before: dict[str, int] = field(default_factory=dict)  # commits when a story began

    def tell(self, story: Story, package: str, *, point: int, moment: Moment) -> list[str]:
        """Tell a story, kill at a point of it, start again; the effects up to the kill."""
        name = f"packages.{package}.{story.workspace}"
        story.prepare(self.people, name)
        self.before[package] = self._commits(package)
        self.killer.arm(package, point, moment)
        story.tell(self.people, name)
        if point:
            assert self.killer.fired.wait(20), (
                f"effect {point} must come, saw {self.killer.effects}"
            )
            self.operator.kill()
        effects = self.killer.effects
        if point:
            self.killer.disarm()
            self.operator.start()
        self.people.wait(name, story.is_over)
        return effects

    def end(self, story: Story, package: str) -> dict[str, object]:
        """All that is left of a story, without what differs from package to package."""
        name = f"packages.{package}.{story.workspace}"
        obj = self.people.api("admin").get(self.people.revision_path(name))
        status = obj["status"]
        refs = {ref for ref in self.repository.refs() if package in ref}
        return {
            "lifecycle": (obj["spec"]["lifecycle"], status["lifecycle"]),
            "revision": status.get("revision", 0),
            "ready": [each["status"] for each in status["conditions"] if each["type"] == "Ready"],
            "merge": status.get("merge"),
            "files": {
                path: text.replace(package, "web") for path, text in self.people.files(name).items()
            },
            "refs": {ref.replace(package, "web") for ref in refs},
            "git": {ref.replace(package, "web"): self._in_git(ref, package) for ref in refs},
            "commits": self._commits(package) - self.before[package],
        }

    def _commits(self, package: str) -> int:
        log = self.repository.git("log", "--all", "--format=%b")
        return len(re.findall(rf'"package":\s*"{package}"', log))

    def _in_git(self, ref: str, package: str) -> dict[str, str]:
        files = self.repository.git("ls-tree", "-r", "--name-only", ref, f"{package}/").split()
        return {
            path.removeprefix(package): self.repository.read(ref, path).replace(package, "web")
            for path in files
        }


@pytest.fixture
def stage(
    *,
    own_operator: RunningOperator,
    installed_cluster: Cluster,
    people: People,
    git_server: GitServer,
    git_repository: Repository,
    tmp_path: Path,
) -> Iterator[Stage]:
    """An operator whose every request passes a proxy that may kill it."""
    worlds = worlds_of(installed_cluster.kubeconfig, git_server.url, tmp_path)
    own_operator.environment |= {
        "PORCH_IDENTITY": "the-one",  # as a StatefulSet's pod: it need not wait for its own Lease
        "PORCH_RENDER_WORKERS": "1",
    }
    killer = Killer(own_operator.kill)
    with Proxy(worlds, killer) as proxy:
        own_operator.through = proxy.url
        own_operator.start()
        people.register("packages", f"{proxy.url}/{git_repository.name}.git")
        people.repository("packages", is_ready)
        yield Stage(people, own_operator, killer, git_repository)
        own_operator.kill()


def nothing(people: People, name: str) -> None:
    """There is nothing to prepare."""


def pushed_draft(people: People, name: str) -> None:
    """A draft that git has."""
    people.ready_draft(name)
    generation = people.edit(name, {"Kptfile": KPTFILE, "cm.yaml": CONFIG_MAP})
    people.rendered(name, generation)
    people.wait(name, lambda obj: is_ready(obj) and is_pushed(obj))


def edit(people: People, name: str) -> None:
    """One edit."""
    people.edit(name, {"second.yaml": CONFIG_MAP.replace("settings", "second"), "cm.yaml": None})


def has_second(obj: Object) -> bool:
    """The edit was rendered (the second generation that somebody else made) and pushed."""
    render = obj["status"].get("render", {})
    return is_ready(obj) and is_pushed(obj) and render.get("resourcesGeneration", 0) >= EDITED


def approve(people: People, name: str) -> None:
    """Proposed and approved."""
    people.wish(name, "Proposed")
    people.wish(name, "Published", user="approver")


def everything(people: People, name: str) -> None:
    """A life in one breath: files, a revision, its proposal and its approval."""
    body = {
        "apiVersion": "porch.kpt.dev/v1alpha1",
        "kind": "PackageRevisionResources",
        "metadata": {"name": name},
        "spec": {"resources": {"Kptfile": KPTFILE, "cm.yaml": CONFIG_MAP}},
    }
    people.api("author").create(people.resources_path(name).rpartition("/")[0], body)
    people.draft(name, lifecycle="Proposed")
    people.wish(name, "Published", user="approver")


def reject(people: People, name: str) -> None:
    """Taken back."""
    people.wish(name, "Draft")


def pushed_proposal(people: People, name: str) -> None:
    """A proposal that git has."""
    pushed_draft(people, name)
    people.wish(name, "Proposed")
    people.wait(name, lambda obj: has_lifecycle("Proposed")(obj) and _on(obj, "proposed/"))


def _on(obj: Object, branch: str) -> bool:
    return str(obj["status"].get("git", {}).get("branch", "")).startswith(branch)


def upstream(people: People, name: str) -> None:
    """A published package to clone, in two revisions; once for all stories."""
    del name
    if people.exists("packages.base.v2"):
        return
    sources: dict[str, Object] = {
        "v1": {"init": {}},
        "v2": {"copyFrom": {"name": "packages.base.v1"}},
    }
    for workspace, source in sources.items():
        base = f"packages.base.{workspace}"
        people.draft(base, source=source)
        people.ready(base)
        text = CONFIG_MAP.replace("k: v", f"k: {workspace}")
        people.rendered(base, people.edit(base, {"cm.yaml": text}))
        people.wish(base, "Published", user="approver")
        people.wait(base, has_lifecycle("Published"))


def clone(people: People, name: str) -> None:
    """A draft made from the upstream."""
    people.draft(name, source={"cloneFrom": {"upstreamRef": {"name": "packages.base.v1"}}})


def cloned(people: People, name: str) -> None:
    """A published clone that was changed where its upstream was changed, too."""
    upstream(people, name)
    first = name.removesuffix("v2") + "v1"
    clone(people, first)
    people.ready(first)
    text = people.files(first)["cm.yaml"].replace("k: v1", "k: ours")
    people.rendered(first, people.edit(first, {"cm.yaml": text}))
    people.wish(first, "Published", user="approver")
    people.wait(first, has_lifecycle("Published"))


def upgrade(people: People, name: str) -> None:
    """A draft that takes over the newer upstream."""
    names = {
        "oldUpstream": "packages.base.v1",
        "newUpstream": "packages.base.v2",
        "currentPackage": name.removesuffix("v2") + "v1",
    }
    people.draft(name, source={"upgrade": {key: {"name": each} for key, each in names.items()}})


EDITED = 5  # created and rendered, edited and rendered, edited again
STORIES = {
    "edit": Story(pushed_draft, edit, has_second),
    "approval": Story(pushed_draft, approve, has_lifecycle("Published")),
    "rejection": Story(
        pushed_proposal,
        reject,
        lambda obj: has_lifecycle("Draft")(obj) and is_pushed(obj) and _on(obj, "drafts/"),
    ),
    "clone": Story(upstream, clone, lambda obj: is_ready(obj) and is_pushed(obj)),
    "upgrade": Story(cloned, upgrade, lambda obj: is_ready(obj) and is_pushed(obj), "v2"),
    "whole life": Story(nothing, everything, has_lifecycle("Published")),
}


def crash_everywhere(stage: Stage, story: Story, moment: Moment) -> None:
    """Tell the story undisturbed, then once for each of its effects."""
    effects = stage.tell(story, "calm", point=0, moment=moment)
    stage.killer.disarm()
    expected = stage.end(story, "calm")
    assert 0 < len(effects) < MAX_EFFECTS
    for point in range(1, len(effects) + 1):
        package = f"web{point}x"
        reached = stage.tell(story, package, point=point, moment=moment)

        assert stage.end(story, package) == expected, f"killed at effect {point} of {reached}"


SOAKED = pytest.mark.soak  # their effects are a part of those of the others
AFTER = [
    pytest.param("edit"),
    pytest.param("approval"),
    pytest.param("rejection", marks=SOAKED),
    pytest.param("whole life"),
    pytest.param("clone", marks=SOAKED),
    pytest.param("upgrade"),
]


@pytest.mark.parametrize("title", AFTER)
def test_a_kill_after_any_effect_changes_nothing_about_the_end(title: str, stage: Stage) -> None:
    """No commit or tag is made twice, no content is lost, nothing is left behind."""
    crash_everywhere(stage, STORIES[title], Moment.AFTER)


@pytest.mark.soak
@pytest.mark.parametrize("title", STORIES)
def test_a_kill_before_any_effect_changes_nothing_about_the_end(title: str, stage: Stage) -> None:
    """The same when the last request never arrives."""
    crash_everywhere(stage, STORIES[title], Moment.BEFORE)
