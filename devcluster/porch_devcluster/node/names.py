"""The name service of a node: `SERVICE.NAMESPACE.svc.cluster.local`.

Every Service is answered with the addresses of its ready pods, as a headless one is: there is no
proxy that would serve a virtual address. Asked of the API server for every query, so nothing is
stale. Names outside of the domain do not exist: a node has no way out.
Source    RFC 1035, section 4.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from http import HTTPStatus
from ipaddress import IPv4Address

from porch_devcluster.api import Api
from porch_devcluster.errors import ApiStatus
from porch_devcluster.node.files import DOMAIN, IDENTITY

PORT = 53
TTL_SECONDS = 1

_HEADER = struct.Struct("!HHHHHH")
_RESPONSE, _AUTHORITATIVE, _RECURSION = 0x8000, 0x0400, 0x0100
_NO_ERROR, _SERVER_FAILURE, _NO_SUCH_NAME = 0, 2, 3
_ADDRESS_TYPE, _INTERNET = 1, 1
_NAME_OF_QUESTION = 0xC00C  # a pointer to where the question's name begins
_QUERY_BYTES = 4096
_SERVICE_LABELS = 3  # service, namespace, "svc"


def serve(api: Api) -> None:
    """Answer queries in a thread, for as long as this process runs."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((IDENTITY.address, PORT))  # or pods would be answered from another address
    threading.Thread(target=_serve, args=(server, api), daemon=True).start()


def _serve(server: socket.socket, api: Api) -> None:
    while True:
        query, client = server.recvfrom(_QUERY_BYTES)
        with contextlib.suppress(IndexError, struct.error, UnicodeDecodeError):  # no query at all
            server.sendto(answer(query, api), client)


def answer(query: bytes, api: Api) -> bytes:
    """The response to one query."""
    number, flags, *_ = _HEADER.unpack_from(query)
    name, end = _name(query)
    kind, _ = struct.unpack_from("!HH", query, end)
    code, addresses = _look_up(name, api)
    if kind != _ADDRESS_TYPE:
        addresses = []
    record = struct.pack("!HHHIH", _NAME_OF_QUESTION, _ADDRESS_TYPE, _INTERNET, TTL_SECONDS, 4)
    flags = _RESPONSE | _AUTHORITATIVE | (flags & _RECURSION) | code
    header = _HEADER.pack(number, flags, 1, len(addresses), 0, 0)
    question = query[_HEADER.size : end + 4]
    return header + question + b"".join(record + address.packed for address in addresses)


def _name(query: bytes) -> tuple[str, int]:
    """The name that is asked for, and where the rest of the question begins."""
    labels, at = [], _HEADER.size
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _look_up(name: str, api: Api) -> tuple[int, list[IPv4Address]]:
    labels = name.removesuffix(f".{DOMAIN}").split(".")
    if not name.endswith(f".{DOMAIN}") or len(labels) != _SERVICE_LABELS or labels[2] != "svc":
        return _NO_SUCH_NAME, []
    service, namespace, _ = labels
    try:
        api.get(f"/api/v1/namespaces/{namespace}/services/{service}")
        slices = api.get(
            f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
            labelSelector=f"kubernetes.io/service-name={service}",
        )
    except ApiStatus as error:
        return (_NO_SUCH_NAME if error.code == HTTPStatus.NOT_FOUND else _SERVER_FAILURE), []
    except OSError:
        return _SERVER_FAILURE, []
    ready = [
        endpoint
        for each in slices["items"]
        for endpoint in each.get("endpoints") or []
        if endpoint.get("conditions", {}).get("ready") is not False
    ]
    return _NO_ERROR, [IPv4Address(it) for endpoint in ready for it in endpoint["addresses"]]
