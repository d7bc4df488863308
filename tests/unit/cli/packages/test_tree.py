"""`pkg tree`."""

import json
from pathlib import Path

from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, kptfile, write_tree

UPSTREAM = (
    "upstream:\n  type: git\n  git: {repo: https://h/r.git, directory: /db, ref: v1}\n"
    "upstreamLock:\n  type: git\n"
    "  git: {repo: https://h/r.git, directory: /db, ref: v1, commit: 0123456a}\n"
)
FILES = {
    "Kptfile": kptfile(),
    "a.yaml": CONFIG_MAP + "---\n" + CONFIG_MAP.replace("name: a", "namespace: n\n  name: b"),
    "bad.yaml": "a: [",
    "db/Kptfile": kptfile(extra=UPSTREAM),
    "db/conf/x.yaml": CONFIG_MAP,
    "db/log/Kptfile": kptfile(extra=UPSTREAM.partition("upstreamLock")[0]),
    "values.yaml": "a: 1",
}


def test_packages_stand_below_the_resources_of_the_one_they_are_in(
    porchctl: Porchctl, tmp_path: Path
) -> None:
    """With where they come from, and what cannot be read."""
    ended = porchctl("pkg", "tree", write_tree(tmp_path / "shop", FILES))

    assert ended.stdout.splitlines() == [
        'Package "shop"',
        "├── [Kptfile]  Kptfile p",
        "├── [a.yaml]  ConfigMap a",
        "├── [a.yaml]  ConfigMap n/b",
        "├── [bad.yaml]  cannot be read: bad.yaml: line 2, column 1: while parsing a flow node, did"
        " not find expected node content",
        "├── [values.yaml]  no resource",
        '└── Package "db"  from https://h/r.git/db@v1 (0123456)',
        "    ├── [Kptfile]  Kptfile p",
        "    ├── [conf/x.yaml]  ConfigMap a",
        '    └── Package "log"  from https://h/r.git/db@v1, not fetched',
        "        └── [Kptfile]  Kptfile p",
    ]


def test_the_tree_is_json_for_programs(porchctl: Porchctl, tmp_path: Path) -> None:
    """The same facts, nested."""
    ended = porchctl("pkg", "tree", write_tree(tmp_path / "shop", FILES), "-o", "json")
    data = json.loads(ended.stdout)

    assert data["isPackage"] is True
    assert data["packages"][0]["packages"][0]["path"] == "db/log"
    assert data["resources"][2] == {
        "path": "a.yaml",
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "n",
        "name": "b",
    }


def test_a_directory_of_packages_has_a_tree_too(porchctl: Porchctl, tmp_path: Path) -> None:
    """A repository of packages is no package."""
    root = write_tree(tmp_path / "repo", {"web/Kptfile": kptfile(), "x.yaml": CONFIG_MAP})

    assert porchctl("pkg", "tree", root).stdout.startswith('Directory "repo"\n')
