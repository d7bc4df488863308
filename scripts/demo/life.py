"""The first part of the demo: the life of one package, from nothing to a tag in git."""

from __future__ import annotations

from pathlib import Path

from scripts.demo.telling import SAMPLES, StepFailed, Story, message, sample, say, wish

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer

NAME = "blueprints.web.v1"
REVISION = f"packagerevision/{NAME}"
RESOURCES = f"packagerevisionresources/{NAME}"


def tell(story: Story, server: GitServer, repository: Repository, folder: Path) -> None:
    """From nothing to a tag in git."""
    _register(story, server.url_of(repository), folder)
    _edit(story)
    _break_and_mend(story)
    _approve(story)
    say("8. And git has it: the draft, the merge, the tag.")
    story.git(repository, "log --graph --format='%h %s (%an)%d' main")
    story.git(repository, "tag --list")
    story.git(repository, "show web/v1:web/service.yaml")


def _register(story: Story, url: str, folder: Path) -> None:
    say("1. Register a git repository. The operator lists it and says Ready.")
    manifest = folder / "repository.yaml"
    manifest.write_text((SAMPLES / "demo" / "repository.yaml").read_text().replace("GIT_URL", url))
    story.kubectl(f"apply --server-side -f {manifest}", user="admin")
    story.kubectl("wait --for=condition=Ready repository/blueprints --timeout=20s", user="admin")


def _edit(story: Story) -> None:
    say("2. Draft a package. `init` makes a Kptfile, a README and a package context.")
    story.kubectl(f"apply --server-side -f {sample('demo/revision.yaml')}")
    story.kubectl(f"wait --for=condition=Ready {REVISION} --timeout=20s")

    say("3. Write its files. The pipeline of the Kptfile runs at once: see the namespace it set.")
    story.kubectl(f"apply --server-side --force-conflicts -f {sample('demo/resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")
    story.kubectl(f"get {RESOURCES} -o jsonpath='{{.spec.resources.deployment\\.yaml}}'")

    say("4. Apply the same again, as a GitOps controller does: nothing changes.")
    before = story.kubectl(f"get {REVISION} -o jsonpath={{.status.contentDigest}}")
    story.kubectl(f"apply --server-side --force-conflicts -f {sample('demo/resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")
    after = story.kubectl(f"get {REVISION} -o jsonpath={{.status.contentDigest}}")
    if before != after:
        raise StepFailed(f"the digest must stay {before}, found {after}")


def _break_and_mend(story: Story) -> None:
    say("5. Break it: a function that does not exist. The edit is kept, and the reason is told.")
    story.kubectl(f"apply --server-side --force-conflicts -f {sample('demo/broken.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered=False {RESOURCES} --timeout=20s")
    story.kubectl(f"get {REVISION} -o jsonpath={message('Ready')}")
    say("Mend it.")
    story.kubectl(f"apply --server-side --force-conflicts -f {sample('demo/resources.yaml')}")
    story.kubectl(f"wait --for=condition=Rendered {RESOURCES} --timeout=20s")


def _approve(story: Story) -> None:
    say("6. Propose it. The files are sealed from now on.")
    story.kubectl(wish(NAME, "Proposed"))
    story.kubectl(f"wait --for=jsonpath={{.status.lifecycle}}=Proposed {REVISION} --timeout=20s")

    say("7. The author may not approve; the approver may.")
    story.kubectl(wish(NAME, "Published"), refused=True)
    story.kubectl(wish(NAME, "Published"), user="approver")
    story.kubectl(f"wait --for=jsonpath={{.status.lifecycle}}=Published {REVISION} --timeout=20s")
    story.kubectl("get packagerevisions")
    story.kubectl(
        "get events --field-selector=type=Normal -o custom-columns=WHAT:.reason,HOW:.message"
    )
