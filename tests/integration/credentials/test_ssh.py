"""Repositories over SSH: a key that is let in, a server that is known."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.storage.adapter import AccessDenied, Unreachable, Untrusted
from porch_devcluster.gitserver import repositories
from porch_devcluster.gitserver.repositories import Repository
from tests.integration.credentials.conftest import Registrar
from tests.integration.credentials.sshserver import SshServer, new_key, ssh_server
from tests.integration.storage.packages import VPC, draft, publication, stored

pytestmark = pytest.mark.process


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository on the server's disk."""
    return repositories.create(tmp_path / "served", "own", branch="main", files={"README.md": "x"})


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Iterator[SshServer]:
    """An sshd that serves it; skipped where neither OpenSSH nor Debian's packages are to be had."""
    for program in ("ssh-keygen", "apt-get"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} must be on this machine; `make ssh` installs OpenSSH's client")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ssh_server(tmp_path / "sshd", port=port, repositories=tmp_path / "served") as running:
        yield running


async def test_a_key_and_known_hosts_let_us_read_and_publish(
    registrar: Registrar, server: SshServer, repository: Repository
) -> None:
    """By the git program: a listing, a fetch, a draft and a publication."""
    registrar.secrets.held["access"] = {
        "ssh-privatekey": server.private_key.rstrip("\n"),  # as some editors leave it
        "known_hosts": server.known_hosts,
    }
    opened = await registrar(server.url(repository.path))
    await opened.observe()
    before = stored(await opened.apply(draft()))
    await opened.apply(publication(over=before))
    registrar.restart()
    again = await registrar(server.url(repository.path))

    assert (await again.observe()).revisions[VPC].lock.ref == "net/vpc/v1"


async def test_a_key_that_is_not_let_in_is_denied_and_a_new_one_heals(
    registrar: Registrar, server: SshServer, repository: Repository, tmp_path: Path
) -> None:
    """A rotated Secret needs no restart."""
    registrar.secrets.held["access"] = {
        "ssh-privatekey": new_key(tmp_path / "other"),
        "known_hosts": server.known_hosts,
    }
    opened = await registrar(server.url(repository.path))
    with pytest.raises(AccessDenied, match="check that the Secret"):
        await opened.observe()
    registrar.secrets.held["access"]["ssh-privatekey"] = server.private_key

    assert (await opened.observe()).head


async def test_a_server_with_another_host_key_gets_nothing(
    registrar: Registrar, server: SshServer, repository: Repository, tmp_path: Path
) -> None:
    """Whoever took its address is told apart from it."""
    new_key(tmp_path / "host")
    kind, key = (tmp_path / "host.pub").read_text().split()[:2]
    registrar.secrets.held["access"] = {
        "ssh-privatekey": server.private_key,
        "known_hosts": f"[127.0.0.1]:{server.port} {kind} {key}",
    }
    opened = await registrar(server.url(repository.path))

    with pytest.raises(Untrusted, match="known_hosts"):
        await opened.observe()


async def test_a_server_that_is_down_is_unreachable(
    registrar: Registrar, server: SshServer, repository: Repository
) -> None:
    """It is nobody's credentials that are wrong."""
    registrar.secrets.held["access"] = {
        "ssh-privatekey": server.private_key,
        "known_hosts": "[127.0.0.1]:9 ssh-ed25519 AAAA",
    }
    opened = await registrar(f"ssh://git@127.0.0.1:9{repository.path}")

    with pytest.raises(Unreachable, match=r"cannot be reached"):
        await opened.observe()
