"""Executables that answer badly: what is said, and that the package stays as it was."""

from pathlib import Path

import pytest

from tests.integration.cli.program import porchctl
from tests.unit.cli.commandline import CONFIG_MAP, kptfile, snapshot, write_tree

pytestmark = pytest.mark.process

HEAD = "apiVersion: config.kubernetes.io/v1\\nkind: ResourceList\\nitems:\\n"
ESCAPED = (
    "- {apiVersion: v1, kind: ConfigMap, metadata: {name: x, annotations:"
    ' {config.kubernetes.io/path: "../../x.yaml"}}}'
)

FUNCTIONS = {
    "prints nothing": ("cat >/dev/null", "the function must print a ResourceList"),
    "prints no YAML": ("printf 'a: [\\n'", "line "),
    "prints no resources": ("printf '[1, 2]\\n'", ""),
    "drops the Kptfile": (f"printf '{HEAD}'", "must not remove or move the Kptfile"),
    "leaves the package": (
        f"sed 's|^items:|items:\\n{ESCAPED}|'",
        "must not modify resources outside of package: resource has path ../../x.yaml",
    ),
    "prints too much": ("head -c 70000000 /dev/zero", "must not print more than 64 MiB"),
    "fails and says why": ("sh -c 'cat; echo because >&2; exit 3'", "exit code 3: because"),
    "is killed": ("sh -c 'cat; kill -9 $$'", "exit code -9"),
    "writes behind a link": (
        "sed s,a.yaml,link/a.yaml,",
        "must be a directory in the package",
    ),
}


@pytest.mark.parametrize(("command", "said"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_bad_answer_changes_nothing(tmp_path: Path, command: str, said: str) -> None:
    """The last line names the function and the line of its step."""
    programs = tmp_path / "bin"
    write_tree(programs, {"bad": f"#!/bin/sh\nexec {command}\n"})
    (programs / "bad").chmod(0o755)
    package = write_tree(tmp_path / "pkg", {"Kptfile": kptfile("exec: bad"), "a.yaml": CONFIG_MAP})
    (package / "link").symlink_to("/")
    before = snapshot(package)
    ended = porchctl("fn", "render", package, "--allow-exec", path=programs)
    last = ended.stderr.splitlines()[-1]

    assert ended.returncode == 1
    assert last.startswith("Error: ")
    assert said in last
    assert snapshot(package) == before
