"""Another system is measured when the environment names one, and never otherwise."""

from pathlib import Path

import pytest

from bench.other import other

URL = {"PORCH_BENCH_URL": "http://10.0.0.1:8080/", "PORCH_BENCH_TOKEN": "t"}


def test_nobody_is_measured_who_was_not_named() -> None:
    """Neither KUBECONFIG nor what belongs to another system names one."""
    assert other({"KUBECONFIG": "/home/me/config", "PORCH_BENCH_LABEL": "x"}) is None


async def test_a_base_url_and_a_token_are_enough() -> None:
    found = other(URL)

    assert found is not None
    connection = found.access()
    assert connection.server == "http://10.0.0.1:8080"
    assert await connection.credentials.header() == "Bearer t"
    assert (found.label, found.namespace, found.repositories) == ("other", "default", ())


def test_a_url_without_a_token_is_refused() -> None:
    with pytest.raises(SystemExit, match="PORCH_BENCH_TOKEN"):
        other({"PORCH_BENCH_URL": "https://10.0.0.1"})


def test_repositories_are_names_with_commas() -> None:
    found = other(URL | {"PORCH_BENCH_REPOSITORIES": "a,b,"})

    assert found is not None
    assert found.repositories == ("a", "b")


def test_a_kubeconfig_goes_before_a_url(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        '{"clusters": [{"name": "c", "cluster": {"server": "http://10.9.9.9"}}],'
        '"users": [{"name": "u", "user": {"token": "x"}}], "current-context": "k",'
        '"contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}]}'
    )

    found = other(URL | {"PORCH_BENCH_KUBECONFIG": str(config)})

    assert found is not None
    assert found.access().server == "http://10.9.9.9"
