"""Help for built-in functions."""

import textwrap
from pathlib import Path

import pytest

from porch.cli.catalogue import USAGE
from porch.functions.registry import PORTS
from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, kptfile, write_tree

REPLACEMENTS = """\
apiVersion: fn.kpt.dev/v1alpha1
kind: ApplyReplacements
metadata:
  name: r
  annotations:
    config.kubernetes.io/local-config: "true"
replacements:
  - source: {kind: ConfigMap, fieldPath: data.k}
    targets:
      - select: {kind: ConfigMap}
        fieldPaths: [data.other]
        options: {create: true}
"""


def test_every_built_in_is_listed_and_explained(porchctl: Porchctl) -> None:
    """None can be added without its help."""
    listed = porchctl("fn", "doc")

    assert listed.code == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()[: len(PORTS)]] == sorted(PORTS)
    assert set(USAGE) == set(PORTS)


@pytest.mark.parametrize("name", sorted(PORTS))
def test_help_says_what_config_example_and_tags_are(porchctl: Porchctl, name: str) -> None:
    """For each of them."""
    text = porchctl("fn", "doc", name).stdout

    assert text.startswith(f"{name}: ")
    assert [line for line in text.splitlines() if line in ("Config", "Example", "Tags")] == [
        "Config",
        "Example",
        "Tags",
    ]


@pytest.mark.parametrize("name", sorted(PORTS))
def test_every_example_runs(porchctl: Porchctl, tmp_path: Path, name: str) -> None:
    """As it stands in the help."""
    step = textwrap.indent(USAGE[name].example, "      ").lstrip()
    files = {"Kptfile": kptfile(step), "a.yaml": CONFIG_MAP, "replacements.yaml": REPLACEMENTS}
    ended = porchctl("fn", "render", write_tree(tmp_path, files))

    assert (ended.code, ended.stderr.splitlines()[-1]) == (
        0,
        "Successfully executed 1 function(s) in 1 package(s).",
    )


def test_an_unknown_name_lists_the_known_ones(porchctl: Porchctl) -> None:
    """The next attempt succeeds."""
    ended = porchctl("fn", "doc", "nope")

    assert ended.code == 1
    assert "set-namespace" in ended.stderr
