"""The strategies that do not merge resources."""

import pytest

from porch.kpt.merge.replacement import LocalChanges
from porch.kpt.merge.upgrade import Strategy
from tests.unit.kpt.merge.packages import KPTFILE, Files, config_map, kptfile, upgraded

A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 1, mine: m}")
MARKED = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: # kpt-merge: /a\n  name: a\n  annotations:\n"
    "    internal.kpt.dev/upstream-identifier: '|ConfigMap|default|a'\ndata: {x: 1}\n"
)
OWN = "upstream: {type: git, git: {ref: v1}}\n"


def files(original: Files, updated: Files, local: Files, strategy: Strategy) -> Files:
    return upgraded(original, updated, local, strategy=strategy).content.texts


def test_fast_forward_takes_upstreams_files() -> None:
    """A clone is marked and has an upstream: that is no change."""
    local = {"Kptfile": kptfile(OWN).replace("pkg", "mine"), "a.yaml": MARKED}
    result = files({"a.yaml": A}, {"a.yaml": A2, "b": "new"}, local, Strategy.FAST_FORWARD)

    assert result == {"Kptfile": local["Kptfile"], "a.yaml": A2, "b": "new"}


@pytest.mark.parametrize(
    "local",
    [
        {"a.yaml": MINE},
        {"a.yaml": A, "b": "mine"},
        {},
        {"a.yaml": A, "Kptfile": kptfile("info: {site: mine}\n")},
    ],
    ids=["changed", "added", "removed", "Kptfile"],
)
def test_fast_forward_refuses_a_package_that_was_changed(local: Files) -> None:
    """The error names the files."""
    with pytest.raises(LocalChanges, match="local package files have been modified") as caught:
        files({"a.yaml": A}, {"a.yaml": A2}, local, Strategy.FAST_FORWARD)

    assert len(caught.value.paths) == 1


def test_fast_forward_forgets_what_the_last_render_said() -> None:
    """It was about other files."""
    status = (
        "status:\n  conditions:\n  - type: Rendered\n    status: 'True'\n"
        "  renderStatus:\n    mutationSteps: []\n"
    )
    result = files({}, {}, {"Kptfile": kptfile(status)}, Strategy.FAST_FORWARD)

    assert result == {"Kptfile": KPTFILE}


def test_force_delete_replace_takes_upstreams_files_whatever_local_did() -> None:
    """Only the Kptfile is merged: version bumps arrive, name and upstream stay."""
    local = {"Kptfile": kptfile(OWN), "a.yaml": MINE, "b": "mine"}
    updated = {"Kptfile": kptfile("info: {site: s}\n"), "a.yaml": A2}
    result = files({"a.yaml": A}, updated, local, Strategy.FORCE_DELETE_REPLACE)

    assert result == {"Kptfile": kptfile(OWN + "info: {site: s}\n"), "a.yaml": A2}


def test_copy_merge_puts_upstreams_files_over_locals() -> None:
    """What only local has stays, what upstream removed goes, the Kptfile is merged."""
    original = {"a.yaml": A, "gone": "1", "back": "1"}
    updated = {"a.yaml": A2, "back": "1", "new": "2"}
    local = {"Kptfile": kptfile(OWN), "a.yaml": MINE, "gone": "5", "mine": "5"}
    result = files(original, updated, local, Strategy.COPY_MERGE)

    assert result == {
        "Kptfile": kptfile(OWN), "a.yaml": A2, "back": "1", "new": "2", "mine": "5",
    }  # fmt: skip
