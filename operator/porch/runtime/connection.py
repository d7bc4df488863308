"""Where the API server is and how we prove who we are.

I/O       reads token, certificate and key files; never the network.
Values    `Connection` belongs to one event loop; load a second one for a second thread.
Secrets   tokens and keys are never logged and never part of an error.
Errors    BadConnection (STALL: a file or a setting must change).
Source    https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from porch.errors import Permanent

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TOKEN_AGE = timedelta(seconds=60)  # the kubelet renews a projected token minutes before its end


class BadConnection(Permanent):
    """What we were told about the API server cannot be used."""

    reason = "BadConnection"


class Credentials(Protocol):
    """Who we are, as the value of an `Authorization` header."""

    async def header(self) -> str:
        """The header's value, "" for none; cheap, as every call asks."""

    def refused(self) -> None:
        """The server answered 401: obtain it anew before the next use."""


class FixedHeader:
    """Credentials that never change: a token, a password, or none at all."""

    def __init__(self, value: str = "") -> None:
        self._value = value

    async def header(self) -> str:
        return self._value

    def refused(self) -> None:
        """Nothing can be read anew."""


class TokenFile:
    """A bearer token in a file that somebody else renews."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._value = ""
        self._stale_at = 0.0  # time.monotonic(), seconds

    async def header(self) -> str:
        if time.monotonic() >= self._stale_at:
            self._value = f"Bearer {_read_text(self._path)}"
            self._stale_at = time.monotonic() + _TOKEN_AGE.total_seconds()
        return self._value

    def refused(self) -> None:
        self._stale_at = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One API server, one identity."""

    server: str  # "https://host:port", without a trailing slash
    credentials: Credentials
    tls: ssl.SSLContext | None = field(default=None, repr=False)  # None for plain http
    namespace: str = "default"  # when a caller names none
    server_name: str = ""  # name in the server's certificate, when it is not the host's
    proxy: str = ""  # URL of an HTTP proxy


def trust(
    *, ca_file: Path | None = None, ca_pem: str = "", insecure: bool = False
) -> ssl.SSLContext:
    """TLS settings that pin the given CA, or use the system's when none is given."""
    try:
        context = ssl.create_default_context(cafile=ca_file, cadata=ca_pem or None)
    except (OSError, ValueError) as err:  # ssl.SSLError is an OSError
        raise BadConnection(f"the CA must be PEM certificates, found {ca_file or 'data'}") from err
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def present(context: ssl.SSLContext, *, certificate: str, key: str) -> None:
    """Let `context` identify us by a client certificate; both are PEM text."""
    # NB: the ssl module takes the key from a file only; it exists for this call alone, mode 0600.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as err:
            raise BadConnection("client certificate and key must be a matching PEM pair") from err


def in_cluster(env: Mapping[str, str], *, files: Path = SERVICE_ACCOUNT) -> Connection:
    """The API server of the pod that we run in, as its ServiceAccount."""
    host, port = env.get("KUBERNETES_SERVICE_HOST", ""), env.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise BadConnection("`KUBERNETES_SERVICE_HOST` must be set in a pod, found nothing")
    namespace = files / "namespace"
    return Connection(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        credentials=TokenFile(files / "token"),
        tls=trust(ca_file=files / "ca.crt"),
        namespace=_read_text(namespace) if namespace.exists() else "default",
    )


def load_connection(env: Mapping[str, str] = os.environ, *, context: str = "") -> Connection:
    """As kubectl does: `KUBECONFIG`, else the pod's ServiceAccount, else `~/.kube/config`."""
    from porch.runtime.kubeconfig import load_kubeconfig

    if paths := [Path(path) for path in env.get("KUBECONFIG", "").split(os.pathsep) if path]:
        return load_kubeconfig(paths, context=context)
    if "KUBERNETES_SERVICE_HOST" in env and not context:
        return in_cluster(env)
    return load_kubeconfig([Path(env.get("HOME", "/")) / ".kube" / "config"], context=context)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as err:
        raise BadConnection(f"{str(path)!r} must be readable: {err.strerror}") from err
