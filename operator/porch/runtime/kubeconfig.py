"""Kubeconfig files -> Connection.

I/O       reads the files and those that they name. A login program (`exec`) runs at first use.
Merging   the first file that defines a name wins; relative paths are relative to their file.
Refused   `auth-provider` (gone from kubectl 1.26) and impersonation (`as`).
Errors    BadConnection, which names file, context and field and never quotes a secret.
Source    https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import base64
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from porch.runtime.connection import (
    BadConnection,
    Connection,
    Credentials,
    FixedHeader,
    TokenFile,
    present,
    trust,
)
from porch.runtime.login import ExecSpec, LoginProgram

_MAX_FILE_BYTES = 16 << 20


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class _User(msgspec.Struct, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    exec: ExecSpec | None = None
    auth_provider: dict[str, Any] | None = None
    impersonate: str = msgspec.field(default="", name="as")


class _Context(msgspec.Struct):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: _User | None = None


class _NamedContext(msgspec.Struct):
    name: str
    context: _Context


class _File(msgspec.Struct):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str | None = msgspec.field(default=None, name="current-context")


class _Merged:
    """All files as one; every entry remembers the folder that its paths start from."""

    def __init__(self) -> None:
        self.clusters: dict[str, tuple[_Cluster, Path]] = {}
        self.users: dict[str, tuple[_User, Path]] = {}
        self.contexts: dict[str, _Context] = {}
        self.current = ""

    def add(self, file: _File, folder: Path) -> None:
        for cluster in file.clusters or ():
            self.clusters.setdefault(cluster.name, (cluster.cluster, folder))
        for user in file.users or ():
            self.users.setdefault(user.name, (user.user or _User(), folder))
        for context in file.contexts or ():
            self.contexts.setdefault(context.name, context.context)
        self.current = self.current or file.current_context or ""


def load_kubeconfig(paths: Sequence[Path], *, context: str = "") -> Connection:
    """The connection that a context (default: the current one) stands for."""
    merged = _Merged()
    found = [path for path in paths if path.exists()]
    if not found:
        raise BadConnection(f"a kubeconfig must exist, found none at {_listed(paths)}")
    for path in found:
        merged.add(_parse(path), path.resolve().parent)
    name = context or merged.current
    chosen = merged.contexts.get(name)
    if chosen is None:
        known = ", ".join(sorted(merged.contexts)) or "none"
        raise BadConnection(f"context {name!r} must be in {_listed(found)}, found {known}")
    return _connect(merged, chosen)


def _parse(path: Path) -> _File:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise BadConnection(f"{str(path)!r} must be a kubeconfig, found a far larger file")
        # The same YAML dialect as kubectl's; CSafeLoader builds plain values only.
        data = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        return msgspec.convert(data if data is not None else {}, _File)
    except OSError as err:
        raise BadConnection(f"{str(path)!r} must be readable: {err.strerror}") from err
    except yaml.YAMLError as err:
        # NB: no cause: a YAML error quotes the line, which may hold a token.
        raise BadConnection(f"{str(path)!r} must be YAML{_place(err)}") from None
    except msgspec.ValidationError as err:
        raise BadConnection(f"{str(path)!r} must be a kubeconfig: {err}") from err


def _connect(merged: _Merged, context: _Context) -> Connection:
    cluster, home = merged.clusters.get(context.cluster, (None, Path()))
    if cluster is None or not cluster.server.startswith(("https://", "http://")):
        raise BadConnection(f"cluster {context.cluster!r} must have an http(s) `server`")
    user, user_home = merged.users.get(context.user, (None, Path()))
    if user is None:
        if context.user:
            raise BadConnection(f"user {context.user!r} must be defined, found none")
        user = _User()
    tls = _trusted(cluster, home)
    return Connection(
        server=cluster.server.rstrip("/"),
        credentials=_credentials(user, user_home, tls),
        tls=tls,
        namespace=context.namespace or "default",
        server_name=cluster.tls_server_name,
        proxy=cluster.proxy_url,
    )


def _trusted(cluster: _Cluster, home: Path) -> ssl.SSLContext | None:
    if cluster.server.startswith("http://"):
        return None
    ca_pem = _decode(cluster.certificate_authority_data, "certificate-authority-data")
    file = home / cluster.certificate_authority if cluster.certificate_authority else None
    return trust(
        ca_file=None if ca_pem else file, ca_pem=ca_pem, insecure=cluster.insecure_skip_tls_verify
    )


def _credentials(user: _User, home: Path, tls: ssl.SSLContext | None) -> Credentials:
    if user.auth_provider or user.impersonate:
        raise BadConnection("`auth-provider` and `as` are not supported, use `exec` or a token")
    certificate = _pem(user.client_certificate_data, user.client_certificate, home)
    key = _pem(user.client_key_data, user.client_key, home)
    if bool(certificate) != bool(key):
        raise BadConnection("`client-certificate` and `client-key` must be given together")
    if certificate and tls is not None:
        present(tls, certificate=certificate, key=key)
    if user.exec is not None:
        return LoginProgram(user.exec, folder=home, tls=tls)
    if user.token_file and not user.token:
        return TokenFile(home / user.token_file)
    if user.token:
        return FixedHeader(f"Bearer {user.token}")
    if user.username:
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        return FixedHeader(f"Basic {pair}")
    return FixedHeader()


def _pem(data: str, file: str, home: Path) -> str:
    if data or not file:
        return _decode(data, "client-certificate-data or client-key-data")
    try:
        return (home / file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as err:
        raise BadConnection(f"{str(home / file)!r} must be a readable PEM file") from err


def _decode(data: str, field: str) -> str:
    try:
        return base64.b64decode(data, validate=False).decode("ascii")
    except ValueError:  # of base64 and of ASCII alike
        raise BadConnection(f"`{field}` must be base64 of PEM text") from None


def _place(err: yaml.YAMLError) -> str:
    mark = getattr(err, "problem_mark", None)
    return f", found an error at line {mark.line + 1}" if mark is not None else ""


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(repr(str(path)) for path in paths)
