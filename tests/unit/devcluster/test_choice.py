"""Which cluster tests run on: never one that nobody named."""

from __future__ import annotations

from pathlib import Path

import pytest

from porch_devcluster.errors import DevclusterError
from porch_devcluster.provider import Bundle, Choice, Given, Kind, choose


@pytest.mark.parametrize(
    ("wish", "engine", "chosen"),
    [
        (None, False, Bundle()),
        (None, True, Kind()),
        ("bundle", True, Bundle()),
        ("kind", False, Kind()),
        ("kubeconfig", True, Given("/home/me/config")),
        ("kubeconfig:dev", True, Given("/home/me/config", "dev")),
        ("kubeconfig:arn:aws:eks:x", True, Given("/home/me/config", "arn:aws:eks:x")),
    ],
)
def test_the_variable_decides(wish: str | None, engine: bool, chosen: Choice) -> None:
    """Unset, an engine means kind; every form of the variable overrules that."""
    environment = {"KUBECONFIG": "/home/me/config"}
    if wish is not None:
        environment["PORCH_TEST_CLUSTER"] = wish

    assert choose(environment, engine_answers=engine) == chosen


def test_a_path_is_a_kubeconfig(tmp_path: Path) -> None:
    """The shortest way to name a cluster."""
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()

    assert choose({"PORCH_TEST_CLUSTER": str(kubeconfig)}, engine_answers=True) == Given(
        str(kubeconfig)
    )


def test_kubeconfig_alone_is_never_used() -> None:
    """On a laptop it often names a cluster that matters."""
    assert choose({"KUBECONFIG": "/home/me/production"}, engine_answers=False) == Bundle()


@pytest.mark.parametrize(
    ("wish", "message"),
    [("kubeconfig", "needs KUBECONFIG"), ("/no/such/file", "found '/no/such/file'")],
)
def test_a_wish_that_cannot_be_met_is_refused(wish: str, message: str) -> None:
    """Falling back to something else would test what nobody asked for."""
    with pytest.raises(DevclusterError, match=message):
        choose({"PORCH_TEST_CLUSTER": wish}, engine_answers=True)
