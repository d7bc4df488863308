"""The second part of the demo: a blueprint, a package made from it, and its upgrade."""

from __future__ import annotations

from pathlib import Path

from scripts.demo.telling import SAMPLES, Story, message, sample, say, wish

from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer

CATALOGUE = SAMPLES / "blueprints"
SHOP, SHOP_2, WEBAPP_2 = "edge.shop.v1", "edge.shop.v2", "catalogue.webapp.v2"


def tell(story: Story, server: GitServer, folder: Path) -> None:
    """From a blueprint to a deployment, and to the next blueprint."""
    catalogue, edge = _repositories(server)
    _register(story, server.url_of(catalogue), server.url_of(edge), folder)
    _clone(story)
    _new_blueprint(story)
    _upgrade(story)
    say("And git has it: the shop's own change, and the blueprint's, in one history.")
    story.git(edge, "log --graph --format='%h %s%d' main")
    story.git(edge, "diff --unified=0 shop/v1 shop/v2 -- shop/setters.yaml")


def _repositories(server: GitServer) -> tuple[Repository, Repository]:
    """The catalogue as its team has pushed and tagged it, and an empty repository."""
    files = {
        str(path.relative_to(CATALOGUE)): path.read_text()
        for path in CATALOGUE.rglob("*")
        if path.is_file()
    }
    catalogue = server.create_repository("catalogue", files=files)
    for package in ("webapp", "database", "upf"):
        catalogue.git("tag", f"{package}/v1", "main")
    return catalogue, server.create_repository("edge", files={"README.md": "# Edge\n"})


def _register(story: Story, catalogue: str, edge: str, folder: Path) -> None:
    say(
        "9. A platform team keeps blueprints in git, each release a tag. Register its repository, "
        "and one for what is deployed: the revisions are there at once."
    )
    manifest = folder / "repositories.yaml"
    text = (SAMPLES / "demo" / "blueprints" / "repositories.yaml").read_text()
    manifest.write_text(text.replace("CATALOGUE_URL", catalogue).replace("EDGE_URL", edge))
    story.kubectl(f"apply --server-side -f {manifest}", user="admin")
    story.kubectl("wait --for=condition=Ready repository/catalogue repository/edge --timeout=20s")
    story.kubectl(
        "wait --for=condition=Ready packagerevision -l porch.kpt.dev/repository=catalogue "
        "--timeout=20s"
    )
    story.kubectl("get packagerevisions -l porch.kpt.dev/repository=catalogue")


def _clone(story: Story) -> None:
    say("10. Clone a blueprint. The new package knows its upstream, to the commit.")
    story.kubectl(f"apply --server-side -f {_sample('clone.yaml')}")
    story.kubectl(f"wait --for=condition=Ready packagerevision/{SHOP} --timeout=20s")
    story.kubectl(f"get packagerevision/{SHOP} -o jsonpath={{.status.upstreamLock.git}}")

    say("11. Adapt it: our own host, and more replicas. The setters reach every file.")
    _edit(story, SHOP, "shop-setters.yaml")
    story.kubectl(f"get packagerevisionresources/{SHOP} -o jsonpath={_file('autoscaler')}")
    story.publish(SHOP)


def _new_blueprint(story: Story) -> None:
    say("12. The platform team releases v2: a newer image, and fewer replicas at most.")
    story.kubectl(f"apply --server-side -f {_sample('webapp-v2.yaml')}")
    story.kubectl(f"wait --for=condition=Ready packagerevision/{WEBAPP_2} --timeout=20s")
    _edit(story, WEBAPP_2, "webapp-v2-setters.yaml")
    story.publish(WEBAPP_2)


def _upgrade(story: Story) -> None:
    say(
        "13. Upgrade the shop: a three-way merge of the old blueprint, the new one and ours. Both "
        "sides changed the replicas; one value was taken, and that is told."
    )
    story.kubectl(f"apply --server-side -f {_sample('upgrade.yaml')}")
    story.kubectl(f"wait --for=condition=Ready packagerevision/{SHOP_2} --timeout=20s")
    story.kubectl(f"get packagerevision/{SHOP_2} -o jsonpath={message('MergeConflicts')}")

    say("14. Decide: we keep ours. The upgraded shop is proposed and approved like any other.")
    _edit(story, SHOP_2, "shop-decision.yaml")
    story.kubectl(wish(SHOP_2, "Proposed"))
    story.publish(SHOP_2)


def _edit(story: Story, name: str, patch: str) -> None:
    """Change one file, and wait for the result."""
    story.kubectl(
        f"patch packagerevisionresources/{name} --type=merge --patch-file {_sample(patch)}"
    )
    story.kubectl(f"wait --for=condition=Rendered packagerevisionresources/{name} --timeout=20s")


def _sample(name: str) -> str:
    return sample(f"demo/blueprints/{name}")


def _file(name: str) -> str:
    return f"'{{.spec.resources.{name}\\.yaml}}'"
