"""Kubeconfig files: who talks to which server.

Written as JSON, which is YAML, so that every client reads them and no YAML library is needed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porch_devcluster.pki import write_private

CONTEXT = "porch-devcluster"


@dataclass(frozen=True, slots=True)
class Server:
    """An API server and the authority that vouches for it (PEM)."""

    url: str
    ca: bytes


def with_certificate(server: Server, *, certificate: bytes, key: bytes) -> dict[str, Any]:
    """For a user with a client certificate."""
    user = {"client-certificate-data": _text(certificate), "client-key-data": _text(key)}
    return _kubeconfig(server, user)


def with_token(server: Server, *, token: str) -> dict[str, Any]:
    """For the bearer of a token: a ServiceAccount."""
    return _kubeconfig(server, {"token": token})


def write(path: Path, kubeconfig: dict[str, Any]) -> Path:
    """Write the file for its owner alone and return where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, (json.dumps(kubeconfig, indent=1) + "\n").encode())
    return path


def _kubeconfig(server: Server, user: dict[str, str]) -> dict[str, Any]:
    cluster = {"server": server.url, "certificate-authority-data": _text(server.ca)}
    context = {"cluster": CONTEXT, "user": CONTEXT}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": context}],
        "current-context": CONTEXT,
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
