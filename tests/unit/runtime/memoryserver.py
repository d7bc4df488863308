"""An API server in memory, for virtual time: objects with versions, and faults on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from porch.runtime.apierrors import Unavailable, refusal
from porch.runtime.calls import Call
from porch.runtime.client import Client, ClientSettings


class MemoryServer:
    """The objects that several clients share."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = 0

    def carry(self, call: Call) -> bytes:
        match call.method:
            case "GET":
                return msgspec.json.encode(self._found(call, call.path))
            case "POST":
                body = msgspec.json.decode(call.body or b"")
                path = f"{call.path}/{body['metadata']['name']}"
                if path in self.objects:
                    raise refused(call, 409, "AlreadyExists")
                return self._store(path, body)
            case "PUT":
                body = msgspec.json.decode(call.body or b"")
                known = self._found(call, call.path)["metadata"]["resourceVersion"]
                if body["metadata"]["resourceVersion"] not in ("", known):
                    raise refused(call, 409, "Conflict")
                return self._store(call.path, body)
            case method:
                raise AssertionError(method)

    def _found(self, call: Call, path: str) -> dict[str, Any]:
        if path not in self.objects:
            raise refused(call, 404, "NotFound")
        return self.objects[path]

    def _store(self, path: str, body: dict[str, Any]) -> bytes:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.objects[path] = body
        return msgspec.json.encode(body)


class Line:
    """One client's way to the server; it can be cut and slowed down."""

    def __init__(self, server: MemoryServer, *, seconds: float = 0.01) -> None:
        self._server = server
        self.seconds = seconds  # of each way
        self.is_cut = False
        self.is_deaf = False  # calls are carried out, answers are lost

    def client(self) -> Client:
        return Client(self, ClientSettings())

    async def send(self, call: Call) -> bytes:
        await asyncio.sleep(self.seconds)
        if self.is_cut:
            raise Unavailable(f"{call}: the line is cut")
        answer = self._server.carry(call)
        await asyncio.sleep(self.seconds)
        if self.is_deaf:
            raise Unavailable(f"{call}: the answer is lost")
        return answer

    def stream(self, call: Call) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError(f"{call}: nothing is watched here")

    async def close(self) -> None:
        """Nothing is open."""


def refused(call: Call, code: int, reason: str) -> Exception:
    body = msgspec.json.encode({"reason": reason, "message": reason})
    return refusal(str(call), code=code, body=body, headers={})
