"""Credentials in Secrets: read by name, and copied for the nodes, which pull with them."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import ObjectKey
from porch_devcluster.api import Object
from porch_devcluster.cluster import Cluster
from porch_devcluster.errors import ApiStatus
from porch_function_runner.images.credentials import (
    SECRET_KEY,
    SECRET_TYPE,
    ConfigFile,
    ConfigSecret,
    GivenCredentials,
)
from porch_function_runner.images.dockerconfig import Credential
from porch_function_runner.images.opening import open_inspector, pull_secrets
from porch_function_runner.images.pullsecret import PullSecret
from porch_function_runner.settings import RegistrySettings
from tests.integration.function_runner.images.looking import Clock, write_config
from tests.integration.waiting import eventually

pytestmark = pytest.mark.cluster

HOST = "registry.example"
NAME = "auth-secret"


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    """The runner's client."""
    async with connect(load_kubeconfig([cluster.kubeconfig])) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A docker config as a Secret is mounted."""
    path = tmp_path / ".dockerconfigjson"
    write_config(path, HOST, "robot", "one")
    return path


@pytest.fixture
def pull(client: Client, namespace: str, file: Path) -> PullSecret:
    """The copy of the file that nodes pull with."""
    return PullSecret(
        client=client,
        key=ObjectKey(namespace, NAME),
        file=ConfigFile(file),
        look_every=timedelta(milliseconds=50),
    )


def secret(cluster: Cluster, namespace: str) -> Object | None:
    """The Secret as it is now."""
    try:
        return cluster.api().get(f"/api/v1/namespaces/{namespace}/secrets/{NAME}")
    except ApiStatus:
        return None


def holds(cluster: Cluster, namespace: str, file: Path) -> bool:
    """Whether nodes would pull with what the file says."""
    found = secret(cluster, namespace)
    return (
        found is not None
        and found["type"] == SECRET_TYPE
        and b64decode(found["data"][SECRET_KEY]) == file.read_bytes()
    )


def put(cluster: Cluster, namespace: str, file: Path) -> None:
    """Make a Secret of a file, as people do."""
    content = file.read_bytes()
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME},
        "type": SECRET_TYPE,
        "data": {SECRET_KEY: b64encode(content).decode()},
    }
    cluster.api().apply(f"/api/v1/namespaces/{namespace}/secrets/{NAME}", body)


async def test_a_secret_by_name_is_read_and_its_rotation_noticed(
    client: Client, cluster: Cluster, namespace: str, file: Path
) -> None:
    """Where nothing is mounted into the runner."""
    clock = Clock()
    place = ConfigSecret(client, ObjectKey(namespace, NAME), clock=clock)
    given = GivenCredentials([ConfigFile(file.parent / "nowhere"), place])
    put(cluster, namespace, file)
    before = await given()
    write_config(file, HOST, "robot", "two")
    put(cluster, namespace, file)
    clock.now += 60
    after = await given()

    assert [it[HOST].password for it in (before, after)] == ["one", "two"]


async def test_a_mounted_file_counts_before_the_secret(
    client: Client, cluster: Cluster, namespace: str, file: Path
) -> None:
    """The Secret is a copy of it, which may be behind."""
    put(cluster, namespace, file)
    write_config(file, HOST, "robot", "newer")
    place = ConfigSecret(client, ObjectKey(namespace, NAME))
    found = await GivenCredentials([ConfigFile(file), place])()

    assert found == {HOST: Credential(**{"user": "robot", "password": "newer"})}


@pytest.mark.parametrize("there", ["nothing", "another content", "another type"])
async def test_the_pull_secret_becomes_what_the_file_is(
    pull: PullSecret, cluster: Cluster, file: Path, there: str
) -> None:
    """Whatever was there under this name; the type of a Secret cannot be changed in place."""
    namespace = pull.key.namespace
    if there == "another content":
        put(cluster, namespace, file)
        write_config(file, HOST, "robot", "two")
    if there == "another type":
        body = {"metadata": {"name": NAME}, "type": "Opaque", "data": {"a": "Yg=="}}
        cluster.api().create(f"/api/v1/namespaces/{namespace}/secrets", body)
    content = await pull.file.read()
    assert content is not None
    await pull.write(content)
    once = secret(cluster, namespace)
    await pull.write(content)

    assert holds(cluster, namespace, file)
    assert secret(cluster, namespace) == once, "nothing is written when nothing changed"


async def test_a_rotated_file_reaches_the_nodes_while_the_runner_runs(
    pull: PullSecret, cluster: Cluster, namespace: str, file: Path
) -> None:
    """Without a new image and without a restart."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pull.run())
        await eventually(lambda: holds(cluster, namespace, file))
        write_config(file, HOST, "robot", "two")
        await eventually(lambda: holds(cluster, namespace, file))
        running.cancel()


async def test_the_settings_turn_it_on(
    client: Client, cluster: Cluster, namespace: str, file: Path
) -> None:
    """The flags of existing installations: a file, a name, and whether to use them."""
    settings = RegistrySettings(enable_private_registries=True, registry_auth_secret_path=file)
    async with open_inspector(settings, client, namespace=namespace, env={}):
        await eventually(lambda: holds(cluster, namespace, file))

    assert pull_secrets(settings) == (NAME,)
    assert pull_secrets(RegistrySettings()) == ()
