"""remove-local-config-resources: what is local, and what must stay."""

import pytest

from porch.functions.builtin import remove_local_config_resources
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    in_file,
    resource,
    several,
)

call = calling(remove_local_config_resources.run)
KEPT = resource("ConfigMap", "# kept", name="kept")


def local(value: str, kind: str = "ConfigMap", api_version: str = "v1") -> str:
    """An item with a value of the annotation."""
    note = f"config.kubernetes.io/local-config: {value}"
    return resource(kind, *in_file(f"{kind}.yaml", note), api_version=api_version, name="local")


@pytest.mark.parametrize("value", ["'true'", "'True'", '"TRUE"'])
def test_local_items_go_and_the_others_stay(value: str) -> None:
    """As they were written."""
    answer = call(several(local(value), KEPT))

    assert answer.text == KEPT
    assert answer.results == [
        "[info]: Number of resources pruned: 1",
        "[info]: Resource name: [local]",
    ]
    file = answer.output.results[1].file
    assert file is not None
    assert file.path == "ConfigMap.yaml"


@pytest.mark.parametrize("value", ["'false'", "'yes'", "''"])
def test_only_true_is_true(value: str) -> None:
    """Other functions take any other value for it as well; this one removes for good."""
    answer = call(local(value))

    assert answer.text == local(value)
    assert answer.results == [
        "[warning]: Found no resources to prune with the local config annotation"
    ]


@pytest.mark.parametrize(("edition", "pruned"), [(CATALOGUE, 2), (CORRECTED, 1)])
def test_only_the_catalogue_drops_a_kptfile(edition: Edition, pruned: int) -> None:
    """Without it the package would be none."""
    kptfile = local("'true'", "Kptfile", "kpt.dev/v1")

    answer = call(several(kptfile, local("'true'")), edition=edition)

    assert answer.results[0] == f"[info]: Number of resources pruned: {pruned}"
    assert ("kind: Kptfile" in answer.text) is (pruned == 1)
