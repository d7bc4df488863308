"""One run of Kopf in a thread and an event loop of its own; see `watching` for why.

I/O       Kopf's connection, with our credentials; a refused token is renewed within the request.
Threads   the callbacks are called in the loop that calls `run`, many at a time.
Limits    `tls-server-name` of a kubeconfig has no effect here.
Bounds    one task an object that changed in the last `_IDLE_SECONDS`.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
import kopf
import msgspec

from porch.runtime.apierrors import ApiError, Forbidden, NotFound
from porch.runtime.connection import Connection
from porch.runtime.resources import Resource

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 0.2  # Kopf keeps a task for an object so long after its last event
_WATCH_SECONDS = 120  # then the server ends a watch and Kopf begins it again: a sign of life
_INACTIVE_SECONDS = 75  # without even a bookmark, which come each minute
_BATCH = 200  # letters in one turn of the caller's loop, some 4 ms
_BACKOFFS = (0.1, 0.2, 0.5, 1, 2)  # of a request; Kopf's own go to 21 s
# NB: Kopf would fail on these, and then wait for ever for its other watches to end.
_FATAL: dict[int, type[ApiError]] = {403: Forbidden, 404: NotFound}

OnEvent = Callable[[Resource, kopf.RawEventType, Any], None]
OnResource = Callable[[Resource], None]


class KopfThread:
    """Kopf, from its begin to its end; for one `run`."""

    def __init__(
        self,
        kinds: Sequence[tuple[Resource, type[Any]]],
        *,
        namespaces: Sequence[str],
        connection: Callable[[], Connection],
        on_event: OnEvent,
        on_heard: OnResource,
        on_list: OnResource,
    ) -> None:
        self._kinds = kinds
        # NB: msgspec crashes the process when two threads meet a type for the first time at once.
        for _, into in self._kinds:
            msgspec.json.Decoder(into)
        self._paths = {
            resource.collection_path(namespace): resource
            for resource, _ in kinds
            for namespace in namespaces or ("",)
        }
        self._namespaces = namespaces
        self._connection = connection
        self._on_event = on_event
        self._on_heard = on_heard
        self._on_list = on_list
        self._mail: deque[Callable[[], None]] = deque()  # for the caller's loop, in order
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._sessions: list[aiohttp.ClientSession] = []
        self._wake: Callable[[], None] = lambda: None
        self._refusal: ApiError | None = None  # why Kopf was ended before it could fail

    async def run(self) -> BaseException | None:
        """Until Kopf ends; the error that ended it, None after `stop`."""
        ended: asyncio.Future[BaseException | None] = self._loop.create_future()

        def body() -> None:
            error: BaseException | None = None
            try:
                asyncio.run(self._watch())
            except BaseException as err:  # noqa: BLE001 (handed over to the caller's thread)
                error = _first(err)
            self._loop.call_soon_threadsafe(ended.set_result, error or self._refusal)

        logging.getLogger("kopf._core.reactor.running").addFilter(_is_news)
        thread = threading.Thread(target=body, name="kopf", daemon=True)
        thread.start()
        try:
            return await asyncio.shield(ended)
        finally:
            self.stop()
            await ended
            thread.join()

    def stop(self) -> None:
        """End `run` soon; from any thread."""
        self._stop.set()
        self._wake()

    async def _watch(self) -> None:
        """The life of Kopf; runs in the thread."""
        loop, woken, stopped = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._wake = lambda: _call(loop, woken.set)
        if self._stop.is_set():
            return
        async with asyncio.TaskGroup() as group:
            # NB: begun before Kopf, which cancels all that is younger than itself.
            finishing = group.create_task(self._finish(woken, stopped))
            try:
                await self._operate(stopped)
            finally:
                finishing.cancel()
                for session in self._sessions:
                    await session.close()

    async def _finish(self, woken: asyncio.Event, stopped: asyncio.Event) -> None:
        await woken.wait()
        for session in self._sessions:
            if session.connector is not None:
                # Closing TLS politely would keep the sockets until the server answers.
                await session.connector.close(abort_ssl=True)
        stopped.set()

    async def _operate(self, stopped: asyncio.Event) -> None:
        registry = kopf.OperatorRegistry()
        for resource, into in self._kinds:
            self._register(registry, resource, into)
        kopf.on.login(registry=registry)(self._login)
        await kopf.operator(
            registry=registry,
            settings=_settings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=stopped,
        )

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        connection = self._connection()
        session = self._session(connection)
        self._sessions.append(session)
        return kopf.AiohttpSession(server=connection.server, aiohttp_session=session)

    def _register(
        self, registry: kopf.OperatorRegistry, resource: Resource, into: type[Any]
    ) -> None:
        async def on_event(event: kopf.RawEvent, **_: Any) -> None:
            self._decode(resource, into, event)

        decorate = kopf.on.event(
            resource.group, resource.version, resource.plural, registry=registry
        )
        decorate(on_event)

    def _decode(self, resource: Resource, into: type[Any], event: kopf.RawEvent) -> None:
        try:
            obj = msgspec.convert(event["object"], into)
        except msgspec.ValidationError as err:
            name = event["object"].get("metadata", {}).get("name")
            facts = {"resource": str(resource), "object": name, "error": str(err)}
            logger.warning("object left out: it cannot be decoded", extra=facts)
            return
        self._post(lambda: self._on_event(resource, event["type"], obj))

    def _session(self, connection: Connection) -> aiohttp.ClientSession:
        """As Kopf is to use it: with our identity, and telling us what is asked."""

        async def identify(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            answer = await self._as_us(connection, request, handler)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                connection.credentials.refused()
                answer.release()
                answer = await self._as_us(connection, request, handler)
            await self._unless_fatal(request, answer)
            self._note(request, answer)
            return answer

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=connection.tls or True),
            middlewares=(identify,),
            headers={"User-Agent": "porch-kopf", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=connection.proxy or None,
        )

    async def _as_us(
        self,
        connection: Connection,
        request: aiohttp.ClientRequest,
        handler: aiohttp.ClientHandlerType,
    ) -> aiohttp.ClientResponse:
        if identity := await connection.credentials.header():
            request.headers["Authorization"] = identity
        return await handler(request)

    async def _unless_fatal(
        self, request: aiohttp.ClientRequest, answer: aiohttp.ClientResponse
    ) -> None:
        """End Kopf in order where it would fail; that cancels the request, which waits for it."""
        resource, refusal = self._paths.get(request.url.path), _FATAL.get(answer.status)
        if resource is None or refusal is None:
            return
        answer.release()
        self._refusal = refusal(f"{resource} cannot be watched", status=answer.status)
        self._wake()
        await asyncio.Event().wait()

    def _note(self, request: aiohttp.ClientRequest, answer: aiohttp.ClientResponse) -> None:
        """Lists and the begin of watches are signs of life; a list tells of no absence."""
        resource = self._paths.get(request.url.path)
        if resource is None or answer.status != HTTPStatus.OK:
            return
        self._post(lambda: self._on_heard(resource))
        if not {"watch", "continue"} & request.url.query.keys():  # the first page of a list
            self._post(lambda: self._on_list(resource))

    def _post(self, letter: Callable[[], None]) -> None:
        self._mail.append(letter)
        if len(self._mail) == 1:  # else the loop has been woken and has not looked yet
            _call(self._loop, self._deliver)

    def _deliver(self) -> None:
        """In the caller's loop; not all at once, so that others are not kept waiting."""
        try:
            for _ in range(min(len(self._mail), _BATCH)):
                self._mail.popleft()()
        finally:
            if self._mail:
                self._loop.call_soon(self._deliver)


def _is_news(record: logging.LogRecord) -> bool:
    return "OS signals are ignored" not in record.msg  # that is why it has a thread


def _first(err: BaseException) -> BaseException:
    return _first(err.exceptions[0]) if isinstance(err, BaseExceptionGroup) else err


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(what)
    except RuntimeError:
        if not loop.is_closed():  # closed: the process ends, and nobody is there to be told
            raise


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.process.ultimate_exiting_timeout = None
    settings.queueing.idle_timeout = _IDLE_SECONDS
    settings.networking.error_backoffs = _BACKOFFS
    settings.networking.request_timeout = 60
    settings.networking.connect_timeout = 5
    settings.watching.server_timeout = _WATCH_SECONDS
    settings.watching.inactivity_timeout = _INACTIVE_SECONDS
    settings.watching.chunk_size = 500
    return settings
