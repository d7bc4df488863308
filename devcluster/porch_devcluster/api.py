"""A small client of the Kubernetes API: requests and watches, blocking, standard library only.

For readiness checks, fixtures and waits in tests; not for the product. One connection a request,
so an `Api` may be shared by threads.
Values    objects are the decoded JSON (`dict[str, Any]`); paths are as in the API (`/api/v1/...`).
Errors    ApiStatus for the server's refusals, ConnectionError and TimeoutError (both OSError) when
          there is no answer.
"""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from porch_devcluster.errors import ApiStatus, DevclusterError, Timeout

JSON = "application/json"
ANSWER_WITHIN = timedelta(seconds=30)
RECONNECT_AFTER = timedelta(milliseconds=50)
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)  # as it starts

Object = dict[str, Any]  # one API object, or one watch event, as JSON


class Api:
    """The API server as one user sees it."""

    def __init__(self, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        address = urlsplit(cluster["server"])
        self._host, self._port = str(address.hostname), int(address.port or 443)
        self._tls = _tls(cluster, user)
        self._headers = {"Accept": JSON, "Connection": "close"}
        if token := user.get("token"):
            self._headers["Authorization"] = f"Bearer {token}"
        self._headers |= _impersonation(user)

    def get(self, path: str, **query: str) -> Object:
        """Read one object, or a list."""
        return self.request("GET", _with_query(path, query))

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """POST `body` to a collection, or to a subresource such as `token`."""
        return self.request("POST", path, body)

    def update(self, path: str, body: Mapping[str, Any]) -> Object:
        """PUT a whole object; it carries the resourceVersion that it was read with."""
        return self.request("PUT", path, body)

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        """Merge-patch an object."""
        return self.request("PATCH", path, body, content_type="application/merge-patch+json")

    def apply(self, path: str, body: Mapping[str, Any], *, manager: str = "porch-tests") -> Object:
        """Server-side apply, taking over fields that others own."""
        path = _with_query(path, {"fieldManager": manager, "force": "true"})
        return self.request("PATCH", path, body, content_type="application/apply-patch+yaml")

    def delete(self, path: str) -> Object:
        """Ask for the deletion of one object; finalizers may hold it."""
        return self.request("DELETE", path)

    def text(self, path: str, *, within: timedelta = ANSWER_WITHIN) -> str:
        """What is no JSON: /readyz, /metrics."""
        with self._answer("GET", path, within=within) as response:
            return response.read().decode()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = JSON,
    ) -> Object:
        """One request and its answer."""
        with self._answer(method, path, body=body, content_type=content_type) as response:
            answer: Object = json.loads(response.read() or b"{}")
            return answer

    def watch(self, path: str, *, within: timedelta, **query: str) -> Iterator[Object]:
        """Events of a collection, present state first; ends (TimeoutError) after `within`.

        Without `resourceVersion` the server starts with an ADDED event per existing object.
        """
        query |= {"watch": "1"}
        deadline = time.monotonic() + within.total_seconds()
        with self._answer("GET", _with_query(path, query), within=within) as response:
            sock = response.fp.raw._sock  # type: ignore[attr-defined]  # the deadline is per read
            while line := response.readline():
                event: Object = json.loads(line)
                if event["type"] == "ERROR":
                    raise _refusal_of(f"watch {path}", event["object"])
                yield event
                sock.settimeout(max(0.001, deadline - time.monotonic()))

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        content_type: str = JSON,
        within: timedelta = ANSWER_WITHIN,
    ) -> Iterator[HTTPResponse]:
        connection = HTTPSConnection(
            self._host, self._port, context=self._tls, timeout=within.total_seconds()
        )
        headers = self._headers | ({"Content-Type": content_type} if body is not None else {})
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise _refusal(f"{method} {path}", response.status, response.read())
            yield response
        except HTTPException as error:
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()


def wait_for(
    api: Api,
    path: str,
    condition: Callable[[Object], bool],
    *,
    within: timedelta,
) -> Object:
    """Watch the object at `path` until `condition` holds for it; returns it as it was then."""
    last: Object = {}
    for event in _events_of(api, path, within=within):
        last = {} if event["type"] == "DELETED" else event["object"]
        if last and condition(last):
            return last
    raise Timeout(f"the condition on {path}", within=within, last=json.dumps(last, indent=1))


def wait_until_gone(api: Api, path: str, *, within: timedelta) -> None:
    """Watch until the object at `path` does not exist."""
    try:
        last = api.get(path)
    except ApiStatus as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return
        raise
    version = last["metadata"]["resourceVersion"]
    for event in _events_of(api, path, within=within, resource_version=version):
        if event["type"] == "DELETED":
            return
        last = event["object"]
    raise Timeout(f"deletion of {path}", within=within, last=json.dumps(last, indent=1))


def _events_of(
    api: Api, path: str, *, within: timedelta, resource_version: str = ""
) -> Iterator[Object]:
    """Events of one object until the deadline, across an API server that closes or restarts."""
    collection, _, name = path.rpartition("/")
    deadline = time.monotonic() + within.total_seconds()
    query = {"fieldSelector": f"metadata.name={name}"}
    query |= {"resourceVersion": resource_version} if resource_version else {}
    while (left := deadline - time.monotonic()) > 0:
        try:
            yield from api.watch(collection, within=timedelta(seconds=left), **query)
        except TimeoutError:
            return
        except ApiStatus as refusal:
            if refusal.code not in _BUSY:
                raise
            time.sleep(min(left, RECONNECT_AFTER.total_seconds()))
        except OSError:
            time.sleep(min(left, RECONNECT_AFTER.total_seconds()))


def _with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _refusal(request: str, code: int, body: bytes) -> ApiStatus:
    try:
        status = json.loads(body)
    except ValueError:
        status = {"message": body.decode(errors="replace")}
    return _refusal_of(request, {"code": code, **status})


def _refusal_of(request: str, status: Object) -> ApiStatus:
    return ApiStatus(
        request,
        code=int(status["code"]),
        reason=str(status.get("reason", "")),
        message=str(status.get("message", "")),
    )


def _impersonation(user: Object) -> dict[str, str]:
    """Headers for a kubeconfig's `as` and `as-groups`; never silently the user behind them."""
    groups = user.get("as-groups", [])
    if len(groups) > 1:
        raise DevclusterError(f"`as-groups` must name one group at most, found {groups}")
    headers = {"Impersonate-User": str(user["as"])} if "as" in user else {}
    if groups:
        headers["Impersonate-Group"] = str(groups[0])
    return headers


def _tls(cluster: Object, user: Object) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if data := cluster.get("certificate-authority-data"):
        context.load_verify_locations(cadata=base64.b64decode(data).decode())
    elif cluster.get("insecure-skip-tls-verify"):
        raise DevclusterError("a cluster without a verified certificate is not supported")
    if certificate := user.get("client-certificate-data"):
        # NB: the ssl module loads a client's key from a file only.
        with tempfile.NamedTemporaryFile() as file:
            file.write(base64.b64decode(certificate) + base64.b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
    return context
