"""Adapters for Repository objects: one clone for each URL, credentials from the named Secret.

Secrets are read by name, in the Repository's own namespace, when the repository is first asked for
something, every few minutes and after each refusal; nothing else of Secrets is ever read, and
nothing is watched. Registrations share the clone of a URL and never each other's credentials.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from porch.api.repository import Repository, RepositoryType
from porch.controllers.credentialerrors import NoCredentials
from porch.controllers.githubapp import AppTokens
from porch.controllers.secretkinds import CA, certificates, decoded, read
from porch.errors import Permanent
from porch.runtime.apierrors import Forbidden, NotFound
from porch.runtime.client import Client
from porch.runtime.resources import SECRETS, ObjectKey
from porch.storage.adapter import RepositoryAdapter
from porch.storage.git.clones import Clones
from porch.storage.git.credentials import NO_CREDENTIALS, Credentials, CredentialSource
from porch.storage.git.layout import Layout
from porch.storage.git.remote import Access, address


class TypeNotSupported(Permanent):
    """There is no adapter for this type of repository yet."""

    reason = "RepositoryInvalid"


class _Secret(msgspec.Struct):
    data: dict[str, str] = {}


class RepositoryAdapters:
    """Opens repositories."""

    def __init__(
        self,
        client: Client,
        cache: Path,
        *,
        timeout: timedelta,
        ca_bundles: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._timeout = timeout  # of one call of git
        self._ca_bundles = ca_bundles  # whether Secrets <namespace>-ca-bundle count
        self._now = now
        self._tokens = AppTokens(now)
        self._clones = Clones(cache)

    async def open(self, repository: Repository) -> RepositoryAdapter:
        """The adapter of a Repository."""
        git = repository.spec.git
        if repository.spec.type is not RepositoryType.GIT or git is None:
            raise TypeNotSupported("`spec.type` must be 'git' with `spec.git`; 'oci' comes later")
        namespace = repository.metadata.namespace
        secret = git.secret_ref.name if git.secret_ref is not None else ""
        source = self.credentials(namespace, secret, is_http=address(git.repo).is_http)
        return await self._clones.open(
            git.repo,
            Layout(branch=git.branch, directory=git.directory.strip("/")),
            Access(credentials=source, now=self._now, timeout=self._timeout),
            create_branch=git.create_branch,
        )

    def credentials(self, namespace: str, secret: str, *, is_http: bool) -> CredentialSource:
        """What the Secrets of a namespace say; `secret` is "" when none is named."""
        return _Source(
            self._client,
            self._tokens,
            secret=ObjectKey(namespace, secret) if secret else None,
            bundle=ObjectKey(namespace, f"{namespace}-ca-bundle") if self._ca_bundles else None,
            is_http=is_http,
        )

    async def close(self) -> None:
        """Let every clone finish what it writes."""
        await self._clones.close()


@dataclass(frozen=True, slots=True)
class _Source:
    """The CredentialSource of one registration."""

    client: Client
    tokens: AppTokens
    secret: ObjectKey | None
    bundle: ObjectKey | None
    is_http: bool

    async def __call__(self, refused: Credentials | None) -> Credentials:
        """What the Secrets hold now."""
        found = NO_CREDENTIALS
        if self.secret is not None:
            found = await self._named(self.secret, refused)
        if self.bundle is None or not self.is_http:
            return found
        trusted = [each for each in (found.ca, await self._bundled(self.bundle)) if each]
        return replace(found, ca="\n".join(trusted))

    async def _named(self, key: ObjectKey, refused: Credentials | None) -> Credentials:
        try:
            secret = await self.client.get(SECRETS, key, into=_Secret)
        except (NotFound, Forbidden) as err:
            raise NoCredentials(
                f"Secret {key.name!r} that `spec.git.secretRef` names cannot be read: "
                f"{err}; create it in namespace {key.namespace!r}, and bind the role "
                "'porch-repository-secrets' to the operator there"
            ) from err
        found = read(key.name, secret.data, is_http=self.is_http)
        credentials = found.credentials
        if found.app is not None:
            credentials = await self.tokens.credentials(found.app, refused)
        return replace(credentials or NO_CREDENTIALS, ca=found.ca)

    async def _bundled(self, bundle: ObjectKey) -> str:
        """The namespace's own authorities; none, when it has no such Secret."""
        try:
            secret = await self.client.get(SECRETS, bundle, into=_Secret)
        except NotFound:
            return ""
        except Forbidden as err:
            raise NoCredentials(
                f"Secret {bundle.name!r} cannot be read: {err}; bind the role "
                f"'porch-repository-secrets' to the operator in namespace {bundle.namespace!r}"
            ) from err
        return certificates(bundle.name, decoded(bundle.name, secret.data).get(CA, ""))
