"""The HTTP side of the git server: one address, many repositories, faults on demand.

Runs in a thread of its own, so blocking tests and asyncio tests use it alike; each request is one
`git http-backend`. Repositories are served below `/`, as `/NAME.git`.
Faults    `stop` takes the server away (connections are refused), `start` brings it back on the
          same port; `require` asks for a user and a password.
Errors    OSError when the port is taken; CommandFailed from git.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from porch_devcluster.gitserver import cgi, repositories
from porch_devcluster.gitserver.repositories import DEFAULT_BRANCH, Repository

LOOPBACK = "127.0.0.1"
CLOSE_WITHIN = timedelta(seconds=1)  # requests that are under way when the server stops
END_WITHIN = timedelta(seconds=5)  # their backends, after that


@dataclass(frozen=True, slots=True)
class Credentials:
    """What basic authentication asks for."""

    user: str
    password: str


@dataclass(slots=True)
class Served:
    """One request: listed when it comes, complete when it is answered."""

    method: str
    path: str  # without the query
    service: str  # "git-receive-pack" (a push), "git-upload-pack" (a fetch), or "" (a file)
    began: float  # time.monotonic(), seconds
    status: int = 0  # known before the client hears of it; 0 when it left too early
    took: timedelta | None = None  # until the backend's end; None before that


SERVED = web.RequestKey("served", Served)


class GitServer:
    """A git server on the loopback address; a context manager that starts and stops it."""

    def __init__(self, root: Path, *, port: int = 0) -> None:
        self.root = root
        self.port = port  # 0 until the first start chose one
        self.served: list[Served] = []
        self.credentials: Credentials | None = None
        self._backend = (str(_backend_program()),)
        self._environment = repositories.environment()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def url_of(self, repository: Repository) -> str:
        """The address to clone from."""
        return f"{self.url}/{repository.name}.git"

    def create_repository(
        self,
        name: str,
        *,
        branch: str = DEFAULT_BRANCH,
        files: Mapping[str, str | bytes] | None = None,
    ) -> Repository:
        """A new bare repository; empty without `files`, else with one commit of them."""
        return repositories.create(self.root, name, branch=branch, files=files)

    def require(self, credentials: Credentials | None) -> None:
        """From now on ask for these credentials; None asks for nothing."""
        self.credentials = credentials

    def start(self) -> None:
        """Serve, on the port of the last time when there was one; returns when listening."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_run, args=(loop,), name="git server", daemon=True)
        self._thread.start()
        try:
            self._runner = asyncio.run_coroutine_threadsafe(self._listen(), loop).result()
        except BaseException:
            self._end_loop()
            raise

    def stop(self) -> None:
        """Close the port and every connection; requests under way have a second to finish."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(_close(self._runner), self._loop).result()
            self._end_loop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _end_loop(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _listen(self) -> web.AppRunner:
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self._handle)
        application.on_response_prepare.append(_note_status)
        runner = web.AppRunner(
            application,
            access_log=None,
            shutdown_timeout=CLOSE_WITHIN.total_seconds(),
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, LOOPBACK, self.port, reuse_address=True)
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        self.port = int(runner.addresses[0][1])
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        request[SERVED] = served = Served(request.method, request.path, _service(request), started)
        self.served.append(served)
        try:
            return await self._answer(request)
        finally:
            served.took = timedelta(seconds=time.monotonic() - started)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        wanted = self.credentials
        if wanted is not None and not _authorised(request, wanted):
            return web.Response(
                status=HTTPStatus.UNAUTHORIZED,
                headers={"WWW-Authenticate": 'Basic realm="git"'},
                text="authentication required\n",
            )
        environment = self._environment | _cgi_variables(request, root=self.root)
        if wanted is not None:
            environment["REMOTE_USER"] = wanted.user
        return await cgi.answer(request, command=self._backend, environment=environment)


async def _note_status(request: web.Request, response: web.StreamResponse) -> None:
    """Record the status before the first byte leaves, so that no client knows it earlier."""
    request[SERVED].status = response.status


async def _close(runner: web.AppRunner) -> None:
    """Close everything and wait until each request has ended its backend."""
    await runner.cleanup()
    # NB: a second cancellation would interrupt just that, so waiting comes first.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=END_WITHIN.total_seconds())


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


def _backend_program() -> Path:
    """`git http-backend` itself: started through `git` it costs one more process a request."""
    done = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()) / "git-http-backend"


def _cgi_variables(request: web.Request, *, root: Path) -> dict[str, str]:
    """The request as RFC 3875 tells it to a program.

    No CONTENT_LENGTH and no content encoding: the web server has undone chunks and gzip already,
    and the backend then reads to the end.
    """
    variables = {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_ADDR": request.remote or "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "PATH": os.environ.get("PATH", os.defpath),
    }
    if protocol := request.headers.get("Git-Protocol"):
        variables["GIT_PROTOCOL"] = protocol
    return variables


def _service(request: web.Request) -> str:
    last = request.path.rpartition("/")[2]
    return last if last.startswith("git-") else request.query.get("service", "")


def _authorised(request: web.Request, wanted: Credentials) -> bool:
    expected = base64.b64encode(f"{wanted.user}:{wanted.password}".encode()).decode()
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Basic {expected}".encode())
