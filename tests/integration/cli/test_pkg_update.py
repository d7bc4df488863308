"""`pkg update` and `pkg diff` with an upstream in git."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from porch.kpt.kptfile import parse_kptfile
from porch_devcluster.gitserver.server import GitServer
from tests.integration.cli.packages import (
    Blueprints,
    deployment,
    local_repository,
    package,
    remote,
)
from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, snapshot, write_tree

pytestmark = pytest.mark.process

ODD = "upstream: {type: git, git: {repo: REPO, directory: /web, ref: v1}, updateStrategy: odd}\n"


@pytest.fixture
def shop(porchctl: Porchctl, blueprints: Blueprints, workplace: Path) -> Path:
    """Package web at v1, as shop."""
    assert porchctl("pkg", "get", f"{blueprints.url}/web@v1", "shop").code == 0
    return workplace / "shop"


def edit(root: Path, path: str, old: str, new: str) -> None:
    """Change a file as a person would."""
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))


def test_changes_of_both_sides_are_merged(porchctl: Porchctl, shop: Path) -> None:
    """Comments stay, the Kptfile says what was fetched, files of ours stay."""
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5 # mine")
    write_tree(shop, {"mine.yaml": CONFIG_MAP})
    ended = porchctl("pkg", "update", "shop@v2")
    kptfile = parse_kptfile((shop / "Kptfile").read_text())

    assert ended.code == 0
    assert "replicas: 5 # mine" in (shop / "deploy.yaml").read_text()
    assert "image: nginx:2 # the image" in (shop / "deploy.yaml").read_text()
    assert (shop / "mine.yaml").exists()
    assert kptfile.upstream is not None
    assert kptfile.upstream.git is not None
    assert kptfile.upstream_lock is not None
    assert kptfile.upstream.git.ref == "v2"
    assert "from v1 (" in ended.stdout


def test_conflicts_are_told(porchctl: Porchctl, shop: Path) -> None:
    """With the three values; the update is done all the same."""
    edit(shop, "deploy.yaml", "nginx:1", "mine:7")
    ended = porchctl("pkg", "update", "shop@v2")

    assert ended.code == 0
    assert "    was nginx:1, here mine:7, upstream nginx:2\n" in ended.stdout
    assert "nginx:2" in (shop / "deploy.yaml").read_text()


def test_an_update_is_json_for_programs(porchctl: Porchctl, shop: Path) -> None:
    """Packages, changes, conflicts."""
    edit(shop, "deploy.yaml", "nginx:1", "mine:7")
    data = json.loads(porchctl("pkg", "update", "shop@v2", "-o", "json").stdout)

    assert [each["after"]["ref"] for each in data["packages"]] == ["v2"]
    assert data["changes"]["summary"]["changed"] == 2
    assert data["conflicts"][0]["ours"] == "mine:7"


def test_a_branch_is_followed(porchctl: Porchctl, blueprints: Blueprints, workplace: Path) -> None:
    """Without a reference the Kptfile's own counts."""
    porchctl("pkg", "get", f"{blueprints.url}/web@main")
    blueprints.repository.commit({"web/deploy.yaml": deployment(image="nginx:3")})

    assert porchctl("pkg", "update", "web").code == 0
    assert "nginx:3" in (workplace / "web/deploy.yaml").read_text()


def test_nothing_new_changes_nothing(porchctl: Porchctl, shop: Path) -> None:
    """Not a byte."""
    before = snapshot(shop)
    ended = porchctl("pkg", "update", "shop")

    assert ended.stdout.startswith("shop is at v1 (")
    assert snapshot(shop) == before


def test_twice_is_once(porchctl: Porchctl, shop: Path) -> None:
    """An update that was done has nothing left to do."""
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5")
    porchctl("pkg", "update", "shop@v2")
    before = snapshot(shop)
    porchctl("pkg", "update", "shop@v2")

    assert snapshot(shop) == before


def test_fast_forward_refuses_what_was_changed_here(porchctl: Porchctl, shop: Path) -> None:
    """And takes all of upstream when nothing was."""
    assert porchctl("pkg", "update", "shop@v2", "--strategy", "fast-forward").code == 0
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5")
    before = snapshot(shop)
    ended = porchctl("pkg", "update", "shop@v1")

    assert ended.code == 1
    assert "local package files have been modified: [deploy.yaml]" in ended.stderr
    assert snapshot(shop) == before


def test_force_delete_replace_drops_what_was_changed_here(porchctl: Porchctl, shop: Path) -> None:
    """Because it was asked for; the strategy is remembered."""
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5")
    write_tree(shop, {"mine.yaml": CONFIG_MAP})
    ended = porchctl("pkg", "update", "shop@v2", "--strategy", "force-delete-replace")

    assert ended.code == 0
    assert "replicas: 1" in (shop / "deploy.yaml").read_text()
    assert not (shop / "mine.yaml").exists()
    assert "updateStrategy: force-delete-replace" in (shop / "Kptfile").read_text()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"deploy.yaml": "a: [\n"}, "local deploy.yaml: line 2"),
        ({"Kptfile": package(extra="upstream: {git: {repo: x}, wrong: 1}\n")}, "wrong"),
        ({"Kptfile": package()}, "must name where the package comes from"),
        ({"Kptfile": package(extra=ODD)}, "must be one of resource-merge"),
    ],
)
def test_an_update_that_fails_changes_nothing(
    porchctl: Porchctl, blueprints: Blueprints, shop: Path, *, spoil: dict[str, str], says: str
) -> None:
    """Neither files nor the Kptfile."""
    write_tree(shop, {path: text.replace("REPO", blueprints.url) for path, text in spoil.items()})
    before = snapshot(shop)
    ended = porchctl("pkg", "update", "shop@v2")

    assert ended.code == 1
    assert says in ended.stderr
    assert snapshot(shop) == before


def test_a_server_that_is_away_changes_nothing(
    porchctl: Porchctl, own_git_server: GitServer, workplace: Path
) -> None:
    """The same command works when it is back."""
    repository = own_git_server.create_repository("r", files={"web/Kptfile": package()})
    porchctl("pkg", "get", f"{own_git_server.url_of(repository)}/web@main")
    before = snapshot(workplace)
    own_git_server.stop()
    away = porchctl("pkg", "update", "web")
    own_git_server.start()
    back = porchctl("pkg", "update", "web")

    assert (away.code, "must be reachable" in away.stderr) == (1, True)
    assert back.code == 0
    assert snapshot(workplace) == before


def test_sub_packages_of_the_same_place_go_along(
    porchctl: Porchctl, blueprints: Blueprints, workplace: Path
) -> None:
    """Those of another reference go where they say themselves."""
    inner = {
        "app/Kptfile": package("app"),
        "app/sub/deploy.yaml": deployment(image="sub:1"),
        "app/sub/Kptfile": package("sub"),
    }
    blueprints.publish("v5", inner)
    blueprints.publish("v6", {"app/sub/deploy.yaml": deployment(image="sub:2")})
    porchctl("pkg", "get", f"{blueprints.url}/app@v5")
    write_tree(
        workplace / "app",
        {
            "same/Kptfile": remote(blueprints.url, "/app/sub", "v5", name="same"),
            "other/Kptfile": remote(blueprints.url, "/web", "web/v1", name="other"),
        },
    )
    data = json.loads(porchctl("pkg", "update", "app@v6", "-o", "json").stdout)

    assert [(each["path"], each["after"]["ref"]) for each in data["packages"]] == [
        (".", "v6"),
        ("other", "web/v1"),
        ("same", "v6"),
    ]
    for path, image in (("sub", "sub:2"), ("same", "sub:2"), ("other", "nginx:1")):
        assert image in (workplace / f"app/{path}/deploy.yaml").read_text()


@pytest.mark.parametrize(
    ("repo", "directory", "says"),
    [
        ("PRIVATE", "/", "must not come from this machine"),
        ("URL", "/web", "must not come from the package that it is in"),
    ],
)
def test_an_update_brings_no_sub_package_that_must_not_be(
    porchctl: Porchctl, blueprints: Blueprints, shop: Path, *, repo: str, directory: str, says: str
) -> None:
    """One that reads this machine, or that would never end."""
    local_repository(shop.parent / "private", {"Kptfile": package()})
    place = repo.replace("PRIVATE", str(shop.parent / "private")).replace("URL", blueprints.url)
    inner = remote(place, directory, "v1", name="inner")
    blueprints.publish("web/v3", {"web/inner/Kptfile": inner})
    before = snapshot(shop)
    ended = porchctl("pkg", "update", "shop@v3")

    assert says in ended.stderr
    assert snapshot(shop) == before


def test_a_sub_package_of_this_machine_that_we_put_there_is_updated(
    porchctl: Porchctl, shop: Path
) -> None:
    """It was our own choice."""
    local_repository(shop.parent / "private", {"Kptfile": package()})
    porchctl("pkg", "get", "./private@v1", shop / "mine")

    assert porchctl("pkg", "update", "shop@v2").code == 0


def test_what_was_changed_here_is_shown_before_and_after_an_update(
    porchctl: Porchctl, shop: Path
) -> None:
    """Only that: marks, names and provenance never appear."""
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5")
    before = porchctl("pkg", "diff", "shop")
    porchctl("pkg", "update", "shop@v2")
    after = porchctl("pkg", "diff", "shop")

    change = ["~ Deployment.apps web  (deploy.yaml)", "    spec.replicas: 1 → 5"]
    assert before.stdout.splitlines()[1:3] == change
    assert after.stdout.splitlines()[1:] == [*change, "", "Resources: 1 changed. Files: 1."]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("local", ["    spec.replicas: 1 → 5"]),
        ("remote", ["    spec.template.spec.containers[name=main].image: nginx:1 → nginx:2"]),
        (
            "combined",
            [
                "    spec.replicas: 1 → 5",
                "    spec.template.spec.containers[name=main].image: nginx:2 → nginx:1",
            ],
        ),
        (
            "3way",
            [
                "    spec.replicas: 1 → 5",
                "    spec.template.spec.containers[name=main].image: nginx:1 → nginx:2",
            ],
        ),
    ],
)
def test_a_type_of_diff_chooses_the_sides(
    porchctl: Porchctl, shop: Path, kind: str, shown: list[str]
) -> None:
    """As kpt names them."""
    edit(shop, "deploy.yaml", "replicas: 1", "replicas: 5")
    ended = porchctl("pkg", "diff", "shop@v2", "--diff-type", kind)

    assert [line for line in ended.stdout.splitlines() if line.startswith("    ")] == shown


def test_in_the_package_no_directory_is_needed(
    porchctl: Porchctl, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell stays where it is, in the same directory."""
    monkeypatch.chdir(shop)

    assert porchctl("pkg", "update", "@v2").code == 0
    assert "nginx:2" in Path("deploy.yaml").read_text()
    assert porchctl("pkg", "diff", "--exit-code").code == 0
