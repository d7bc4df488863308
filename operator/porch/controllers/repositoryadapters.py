"""Adapters for Repository objects: one clone for each URL, credentials from the named Secret.

The Secret is read by name, in the Repository's own namespace, when the repository is first asked
for something and again after each refusal; nothing else of Secrets is ever read. Registrations
share the clone of a URL and never each other's credentials.
"""

import base64
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec

from porch.api.repository import Repository, RepositoryType
from porch.errors import Permanent, Waiting
from porch.runtime.apierrors import Forbidden, NotFound
from porch.runtime.client import Client
from porch.runtime.resources import SECRETS, ObjectKey
from porch.storage.adapter import RepositoryAdapter
from porch.storage.git.clones import Clones
from porch.storage.git.layout import Layout
from porch.storage.git.remote import Access, Credentials, anonymous


class TypeNotSupported(Permanent):
    """There is no adapter for this type of repository yet."""

    reason = "RepositoryInvalid"


class NoCredentials(Waiting):
    """The Secret with the credentials is missing, unreadable or of no use."""

    reason = "AccessDenied"


class _Secret(msgspec.Struct):
    data: dict[str, str] = {}


class RepositoryAdapters:
    """Opens repositories."""

    def __init__(self, client: Client, cache: Path, *, timeout: timedelta) -> None:
        self._client = client
        self._timeout = timeout  # of one call of git
        self._clones = Clones(cache)

    async def open(self, repository: Repository) -> RepositoryAdapter:
        """The adapter of a Repository."""
        git = repository.spec.git
        if repository.spec.type is not RepositoryType.GIT or git is None:
            raise TypeNotSupported("`spec.type` must be 'git' with `spec.git`; 'oci' comes later")
        credentials = anonymous
        if (
            git.secret_ref is not None and git.secret_ref.name
        ):  # clients send an empty name for none
            key = ObjectKey(repository.metadata.namespace, git.secret_ref.name)
            credentials = partial(self._credentials, key)
        return await self._clones.open(
            git.repo,
            Layout(branch=git.branch, directory=git.directory.strip("/")),
            Access(credentials=credentials, timeout=self._timeout),
            create_branch=git.create_branch,
        )

    async def close(self) -> None:
        """Let every clone finish what it writes."""
        await self._clones.close()

    async def _credentials(self, key: ObjectKey) -> Credentials:
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
