"""Adapters for Repository objects: one clone for each URL, credentials from the named Secret.

The Secret is read by name, in the Repository's own namespace, each time the Repository is opened
or asks again after a refusal; nothing else of Secrets is ever read.
"""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import msgspec

from porch.api.repository import Repository, RepositoryType
from porch.errors import Permanent, Waiting
from porch.runtime.apierrors import Forbidden, NotFound
from porch.runtime.client import Client
from porch.runtime.resources import SECRETS, ObjectKey
from porch.storage.adapter import RepositoryAdapter
from porch.storage.git.clone import Clone
from porch.storage.git.layout import Layout
from porch.storage.git.program import NO_CREDENTIALS, Credentials, Remote
from porch.storage.git.repository import GitRepository


class TypeNotSupported(Permanent):
    """There is no adapter for this type of repository yet."""

    reason = "RepositoryInvalid"


class NoCredentials(Waiting):
    """The Secret with the credentials is missing, unreadable or of no use."""

    reason = "AccessDenied"


class _Secret(msgspec.Struct):
    data: dict[str, str] = {}


class RepositoryAdapters:
    """Opens repositories; registrations of one URL with the same Secret share a clone."""

    def __init__(self, client: Client, cache: Path, *, timeout: timedelta) -> None:
        self._client = client
        self._cache = cache
        self._timeout = timeout  # of one call of git
        self._clones: dict[str, Clone] = {}

    async def open(self, repository: Repository) -> RepositoryAdapter:
        """The adapter of a Repository."""
        git = repository.spec.git
        if repository.spec.type is not RepositoryType.GIT or git is None:
            raise TypeNotSupported("`spec.type` must be 'git' with `spec.git`; 'oci' comes later")
        credentials = await self._credentials(repository)
        remote = Remote(url=git.repo, credentials=credentials, timeout=self._timeout)
        layout = Layout(branch=git.branch, directory=git.directory.strip("/"))
        return GitRepository(self._clone(remote), layout, create_branch=git.create_branch)

    async def close(self) -> None:
        """Let every clone finish what it writes."""
        for clone in self._clones.values():
            await clone.close()

    def _clone(self, remote: Remote) -> Clone:
        name = hashlib.sha256(remote.url.encode()).hexdigest()[:16]
        known = self._clones.get(name)
        if known is None:
            known = self._clones[name] = Clone(self._cache / f"{name}.git", remote)
        known.git.remote = remote
        return known

    async def _credentials(self, repository: Repository) -> Credentials:
        git = repository.spec.git
        if git is None or git.secret_ref is None:
            return NO_CREDENTIALS
        key = ObjectKey(repository.metadata.namespace, git.secret_ref.name)
        try:
            secret = await self._client.get(SECRETS, key, into=_Secret)
        except (NotFound, Forbidden) as err:
            raise NoCredentials(
                f"Secret {key.name!r} that `spec.git.secretRef` names cannot be read: {err}"
            ) from err
        return _read(key, secret.data)


def _read(key: ObjectKey, data: dict[str, str]) -> Credentials:
    fields = {name: base64.b64decode(value).decode() for name, value in data.items()}
    if "bearerToken" in fields:
        return Credentials.bearer(fields["bearerToken"])
    if "username" in fields and "password" in fields:
        return Credentials.basic(fields["username"], fields["password"])
    raise NoCredentials(
        f"Secret {key.name!r} must have 'username' and 'password', or 'bearerToken'; "
        f"found {', '.join(sorted(fields)) or 'nothing'}"
    )
