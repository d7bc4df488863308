"""Images made of a few files, without an engine, a base image or a network.

Values    an `Image` is one layer and its configuration; what is pushed depends on it alone, so the
          same image has the same digest everywhere.
Errors    PushRefused with the registry's words.
Source    the image specification of OCI, and its distribution specification for the push.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import ssl
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

from porch_devcluster.errors import PushRefused

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

ANSWER_WITHIN = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class File:
    """A file of an image."""

    path: str
    content: bytes
    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link of an image."""

    path: str
    aim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is in an image, and what a container of it runs."""

    files: tuple[File | Link, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()  # NAME=VALUE
    working_dir: str = ""
    user: str = ""
    architecture: str = "amd64"

    def layer(self) -> bytes:
        """The files, as a tar archive."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for each in self.files:
                entry = tarfile.TarInfo(each.path.lstrip("/"))
                if isinstance(each, Link):
                    entry.type, entry.linkname = tarfile.SYMTYPE, each.aim
                    archive.addfile(entry)
                else:
                    entry.mode, entry.size = each.mode, len(each.content)
                    archive.addfile(entry, io.BytesIO(each.content))
        return buffer.getvalue()

    def config(self, layer: bytes) -> bytes:
        """How the image is to be run."""
        run = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "Env": list(self.env),
            "WorkingDir": self.working_dir,
            "User": self.user,
        }
        return _json(
            {
                "architecture": self.architecture,
                "os": "linux",
                "config": {name: value for name, value in run.items() if value},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a registry is spoken with."""

    user: tuple[str, str] | None = None  # name and password
    ca: Path | None = None  # its authority; None for plain HTTP

    _tokens: dict[str, str] = field(default_factory=dict, repr=False, compare=False)


def push(image: Image, reference: str, *, access: Access | None = None) -> str:
    """Push to HOST:PORT/NAME:TAG; the digest of the manifest."""
    access = access or Access()
    return str(_push_image(image, reference, access)["digest"])


def push_index(images: Sequence[Image], reference: str, *, access: Access | None = None) -> str:
    """Push several images, one an architecture, under one reference; the digest of their index."""
    access = access or Access()
    entries = []
    for image in images:
        untagged = reference.rpartition(":")[0] + f":{image.architecture}"
        platform = {"architecture": image.architecture, "os": "linux"}
        entries.append({**_push_image(image, untagged, access), "platform": platform})
    body = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    _put_manifest(body, INDEX, reference=reference, access=access)
    return digest_of(body)


def digest_of(content: bytes) -> str:
    """The digest by which content is addressed."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _push_image(image: Image, reference: str, access: Access) -> dict[str, Any]:
    layer = image.layer()
    config = image.config(layer)
    for blob in (layer, config):
        _push_blob(blob, reference=reference, access=access)
    body = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config),
            "layers": [_descriptor(LAYER, layer)],
        }
    )
    _put_manifest(body, MANIFEST, reference=reference, access=access)
    return _descriptor(MANIFEST, body)


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _push_blob(blob: bytes, *, reference: str, access: Access) -> None:
    host, name, _ = _parts(reference)
    begun = _send("POST", _url(host, f"/v2/{name}/blobs/uploads/", access), access)
    where = urljoin(_url(host, "/", access), begun)
    where += ("&" if "?" in where else "?") + urlencode({"digest": digest_of(blob)})
    _send("PUT", where, access, body=blob, content_type="application/octet-stream")


def _put_manifest(body: bytes, media_type: str, *, reference: str, access: Access) -> None:
    host, name, tag = _parts(reference)
    url = _url(host, f"/v2/{name}/manifests/{tag}", access)
    _send("PUT", url, access, body=body, content_type=media_type)


def _parts(reference: str) -> tuple[str, str, str]:
    host, _, rest = reference.partition("/")
    name, _, tag = rest.partition(":")
    return host, name, tag or "latest"


def _url(host: str, path: str, access: Access) -> str:
    return f"{'https' if access.ca else 'http'}://{host}{path}"


def _send(
    method: str,
    url: str,
    access: Access,
    *,
    body: bytes | None = None,
    content_type: str = "",
    is_retry: bool = False,
) -> str:
    """One request; the Location of its answer."""
    headers = {"Content-Type": content_type} if content_type else {}
    repository = url.partition("/v2/")[2].partition("/blobs/")[0].partition("/manifests/")[0]
    if token := access._tokens.get(repository):
        headers["Authorization"] = f"Bearer {token}"
    elif access.user is not None:
        headers["Authorization"] = _basic(access.user)
    request = Request(url, data=body if body is not None else b"", headers=headers, method=method)  # noqa: S310
    try:
        with urlopen(request, timeout=ANSWER_WITHIN, context=_tls(access)) as answer:  # noqa: S310
            return str(answer.headers.get("Location", ""))
    except HTTPError as error:
        challenge = error.headers.get("WWW-Authenticate", "")
        if error.code == HTTPStatus.UNAUTHORIZED and "Bearer" in challenge and not is_retry:
            access._tokens[repository] = _token(challenge, access)
            return _send(method, url, access, body=body, content_type=content_type, is_retry=True)
        said = error.read().decode(errors="replace")
        raise PushRefused(f"{method} {url} must be taken, found {error.code}: {said}") from error


def _token(challenge: str, access: Access) -> str:
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = urlencode({"service": asked["service"], "scope": asked["scope"]})
    headers = {"Authorization": _basic(access.user)} if access.user else {}
    request = Request(f"{asked['realm']}?{query}", headers=headers)  # noqa: S310
    with urlopen(request, timeout=ANSWER_WITHIN, context=_tls(access)) as answer:  # noqa: S310
        return str(json.load(answer)["token"])


def _basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


def _tls(access: Access) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=access.ca) if access.ca else None


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
