"""The client of the function runner: what becomes of answers, errors and limits."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from porch.errors import Permanent, PorchError
from porch.functions.pool import PoolSettings, open_pool
from porch.functions.registry import FunctionRegistry
from porch.functions.remote import RemoteRuntime, open_runner
from porch.functions.remotefailure import outcome
from porch.functions.remotesettings import RemoteSettings, RunnerUnavailable
from porch.functions.runtime import FunctionNotFound
from porch.functions.wire.service import STATUS_DETAILS
from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput, ResultItem
from porch.kpt.resourcelist import BadFunctionOutput
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.failures import FunctionFailed, Overloaded
from tests.unit.function_runner.calling import Answer, served
from tests.unit.function_runner.program import image, running
from tests.unit.function_runner.waiting import until
from tests.unit.functions.calls import items, resource, written
from tests.unit.spans import recorder

pytestmark = pytest.mark.process

IMAGE = "registry.example/fn/set:v1"
CALL = FunctionCall(image=IMAGE, items=items(resource("ConfigMap")))


async def cat(request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
    """The function that changes nothing."""
    return EvaluationResponse(resource_list=request.resource_list, log=b"said")


def printing(text: bytes) -> Answer:
    """A function that prints this."""

    async def answer(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        return EvaluationResponse(resource_list=text)

    return answer


def failing(err: Permanent | Overloaded) -> Answer:
    """An evaluation that ends so."""

    async def answer(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        raise err

    return answer


@contextmanager
def runtime(
    evaluate: Answer,
    *,
    within: timedelta = timedelta(seconds=20),
    limit: int = 6 << 20,
    registry: FunctionRegistry | None = None,
) -> Iterator[RemoteRuntime]:
    """A runtime whose runner evaluates so, in a thread of its own, as another process does."""
    ready: Future[str] = Future()
    with _loop() as run:
        stop = asyncio.Event()

        async def serve() -> None:
            async with served(evaluate) as caller:
                ready.set_result(caller.address)
                await stop.wait()

        serving = run(serve())
        settings = RemoteSettings(address=ready.result(10), timeout=within, max_message_bytes=limit)
        with open_runner(settings) as client:
            yield client.runtime(registry or FunctionRegistry())
        run(_set(stop)).result(10)
        serving.result(10)


def test_items_and_results_come_back_with_what_was_said() -> None:
    """Also standard error, and which image ran."""
    with runtime(cat) as remote:
        output = remote.evaluate(CALL)

    assert output is not None
    assert written(output.items) == resource("ConfigMap")
    assert (output.stderr, output.image, output.through_text) == ("said", IMAGE, True)


def test_a_record_names_the_digest_that_ran() -> None:
    """A tag may have moved by the time that somebody asks."""

    async def from_pod(request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
        return EvaluationResponse(resource_list=request.resource_list, digest="sha256:ab")

    with runtime(from_pod) as remote:
        tagged = remote.evaluate(CALL)
        pinned = remote.evaluate(FunctionCall(image="r.example/fn@sha256:ab"))

    assert tagged is not None
    assert pinned is not None
    assert tagged.image == f"{IMAGE}@sha256:ab"
    assert pinned.image == "r.example/fn@sha256:ab"


def test_an_image_is_completed_before_it_is_sent() -> None:
    """The runner sees full references only."""
    asked: list[str] = []

    async def note(request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        asked.append(request.image)
        return await cat(request, deadline)

    registry = FunctionRegistry.of(default_prefix="r.example/f/")
    with runtime(note, registry=registry) as remote:
        remote.evaluate(FunctionCall(image="set-labels:v0.1", tag="v0.2"))
        remote.evaluate(FunctionCall(image="set-labels"))

    assert asked == ["r.example/f/set-labels:v0.2", "r.example/f/set-labels:latest"]


def test_a_function_that_prints_nothing_is_told_from_one_without_items() -> None:
    """A render refuses the first and takes the second."""
    with runtime(printing(b"")) as remote:
        output = remote.evaluate(CALL)

    assert output is not None
    assert output.is_empty


@pytest.mark.parametrize("text", [b"\t{", b"\xff", b"a: b: c"])
def test_an_output_that_cannot_be_read_is_told(text: bytes) -> None:
    """As of any other runtime."""
    with runtime(printing(text)) as remote, pytest.raises(BadFunctionOutput, match="must print"):
        remote.evaluate(CALL)


def test_many_results_of_a_failure_come_back_and_the_rest_is_counted() -> None:
    """Metadata is bounded; nobody must think that those were all."""
    results = tuple(ResultItem(message=f"{number:0200}") for number in range(3000))
    with runtime(failing(FunctionFailed("no", exit_code=7, results=results))) as remote:
        output = remote.evaluate(CALL)

    assert output is not None
    assert output.exit_code == 7
    *kept, last = output.results
    assert 500 < len(kept) < 3000
    assert last.message == f"{3000 - len(kept)} more results were too many to be sent"
    assert "no" in output.stderr


@pytest.mark.parametrize("code", list(grpc.StatusCode)[1:], ids=lambda code: str(code.name))
def test_no_status_gets_past_as_it_is(code: grpc.StatusCode) -> None:
    """Each is an outcome, worth another try, or for good."""
    if code is grpc.StatusCode.INTERNAL:
        made = _outcome(code)
        assert (made.exit_code, made.results) == (1, ())
        assert "code = Internal desc = what happened" in made.stderr
        return
    expected = EXPECTED.get(code, FunctionNotRun)
    words = rf'func eval "{IMAGE}" failed: rpc error: code = \w+ desc = what happened'
    with pytest.raises(expected, match=words) as caught:
        _outcome(code)

    assert caught.type is expected


EXPECTED: dict[grpc.StatusCode, type[PorchError]] = {
    grpc.StatusCode.UNAVAILABLE: RunnerUnavailable,
    grpc.StatusCode.ABORTED: RunnerUnavailable,
    grpc.StatusCode.CANCELLED: RunnerUnavailable,
    grpc.StatusCode.NOT_FOUND: FunctionNotFound,
}


def test_details_of_other_kinds_are_no_details() -> None:
    """A proxy may put its own there."""
    made = _outcome(grpc.StatusCode.INTERNAL, details=b"\xff\xff")

    assert "what happened" in made.stderr


def test_an_input_beyond_the_limit_is_not_sent_and_says_what_to_change() -> None:
    """Rather than a status that means nothing to the user."""
    with (
        runtime(failing(Permanent("asked")), limit=50) as remote,
        pytest.raises(FunctionNotRun, match=r"at most 50 bytes, found \d+: select fewer") as caught,
    ):
        remote.evaluate(CALL)

    assert "`--max-request-body-size`" in str(caught.value)
    assert IMAGE in str(caught.value)


def test_a_function_that_hangs_is_given_up_at_the_deadline() -> None:
    """And the runner hears of it."""
    dropped = threading.Event()

    async def hang(_: EvaluationRequest, __: Deadline) -> EvaluationResponse:
        try:
            await asyncio.sleep(3600)
        finally:
            dropped.set()
        return EvaluationResponse(resource_list=b"")

    with runtime(hang, within=timedelta(milliseconds=300)) as remote:
        with pytest.raises(FunctionNotRun, match=r"must end within 0\.3 s, .*PORCH_RUNNER_TIMEOUT"):
            remote.evaluate(CALL)

        assert dropped.wait(10)


def test_a_full_runner_is_asked_again_at_once_and_then_is_transient() -> None:
    """A few times; the engine's own waits are longer."""
    calls: list[str] = []

    async def full_twice(request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        calls.append(request.image)
        if len(calls) <= 2:
            raise Overloaded("full")
        return await cat(request, deadline)

    with runtime(full_twice) as remote:
        assert remote.evaluate(CALL) is not None
        assert len(calls) == 3
    with (
        runtime(failing(Overloaded("full"))) as remote,
        pytest.raises(RunnerUnavailable, match="full; asked was the function runner"),
    ):
        remote.evaluate(CALL)


def test_what_is_for_good_is_asked_once() -> None:
    """However pure functions are."""
    calls: list[str] = []

    async def refuse(request: EvaluationRequest, _: Deadline) -> EvaluationResponse:
        calls.append(request.image)
        raise FunctionFailed("no")

    with runtime(refuse) as remote:
        remote.evaluate(CALL)

    assert len(calls) == 1


def test_a_runner_that_is_not_there_is_transient() -> None:
    """It may come back; the package is not at fault."""
    with (
        open_runner(RemoteSettings(address="127.0.0.1:1")) as client,
        pytest.raises(RunnerUnavailable, match=r"'127\.0\.0\.1:1'"),
    ):
        client.runtime(FunctionRegistry()).evaluate(CALL)


def test_calls_are_spread_over_replicas_and_none_fails_when_one_dies(tmp_path: Path) -> None:
    """A name of several addresses is all that is needed."""
    ended = 'porch_evaluation_calls_total{code="OK"}'
    call = FunctionCall(image=image("cat"), items=CALL.items)
    functions = {"cat": "#!/bin/sh\nexec cat\n"}
    with running(tmp_path, functions) as one, running(tmp_path, functions) as other:
        settings = RemoteSettings(address=f"ipv4:{one.address},{other.address}")
        with open_runner(settings) as client:
            remote = client.runtime(FunctionRegistry())
            remote.evaluate(call)  # connects
            for _ in range(20):
                remote.evaluate(call)
            shares = (one.metric(ended), other.metric(ended))
            one.process.kill()
            for _ in range(20):
                remote.evaluate(call)

        assert min(shares) >= 5
        assert sum(shares) == 21
        assert other.metric(ended) == shares[1] + 20


def test_the_runner_s_span_is_a_child_of_the_caller_s() -> None:
    """One trace from the render to the function."""
    recorder().clear()
    with runtime(cat) as remote:
        remote.evaluate(CALL)

    spans = {str(span.kind): span for span in recorder().get_finished_spans()}
    client, server = spans["SpanKind.CLIENT"], spans["SpanKind.SERVER"]
    assert server.parent is not None
    assert server.parent.span_id == client.context.span_id
    assert server.context.trace_id == client.context.trace_id


async def test_a_render_in_the_pool_uses_the_runner(tmp_path: Path) -> None:
    """Built-ins first; each worker has its own connection."""
    script = "#!/bin/sh\nsed 's/name: a$/name: b/'\n"
    package = _package("set-namespace:v0.4.1", image("rename"))
    with running(tmp_path, {"rename": script}) as program:
        settings = RemoteSettings(address=program.address)
        async with open_pool(PoolSettings(workers=1), runner=settings) as pool:
            done = await pool.render(package)

    assert done.error == ""
    assert "name: b" in done.texts["cm.yaml"]
    assert "namespace: new" in done.texts["cm.yaml"]
    assert [each.title for each in done.functions][1:] == [image("rename")]


async def test_a_runner_that_went_breaks_a_render_and_the_next_may_succeed(
    tmp_path: Path,
) -> None:
    """The engine tries again; the worker lives on."""
    with running(tmp_path, {"cat": "#!/bin/sh\nexec cat\n"}) as program:
        settings = RemoteSettings(address=program.address)
        async with open_pool(PoolSettings(workers=1), runner=settings) as pool:
            program.stop()
            with pytest.raises(RunnerUnavailable, match=r"code = Unavailable"):
                await pool.render(_package("set-namespace:v0.4.1", image("cat")))

            assert (await pool.render(_package("set-namespace:v0.4.1"))).error == ""


async def test_a_cancelled_render_takes_its_function_along(tmp_path: Path) -> None:
    """The worker is killed, its connection ends, and the runner kills the function."""
    with running(tmp_path, {"sleep": "#!/bin/sh\nexec sleep 600\n"}) as program:
        settings = RemoteSettings(address=program.address)
        async with open_pool(PoolSettings(workers=1), runner=settings) as pool:
            late = asyncio.create_task(pool.render(_package(image("sleep"))))
            await until(lambda: bool(program.children()))
            late.cancel()

            await until(lambda: not program.children())
            await asyncio.gather(late, return_exceptions=True)


def _package(*images: str) -> dict[str, str]:
    """A package with these functions."""
    steps = "".join(f"  - image: {each}\n    configMap: {{namespace: new}}\n" for each in images)
    kptfile = (
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: root\npipeline:\n  mutators:\n"
    )
    return {"Kptfile": kptfile + steps, "cm.yaml": resource("ConfigMap")}


class _Refusal(grpc.RpcError):
    """An error as the library raises it."""

    def __init__(self, code: grpc.StatusCode, details: bytes) -> None:
        self._code = code
        self._details = details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "what happened"

    def trailing_metadata(self) -> Any:  # the library's class is private
        return (_Pair(STATUS_DETAILS, self._details),) if self._details else ()


class _Pair(NamedTuple):
    key: str
    value: bytes


def _outcome(code: grpc.StatusCode, details: bytes = b"") -> FunctionOutput:
    return outcome(_Refusal(code, details), IMAGE, asked="a:1", within=timedelta(seconds=1))


async def _set(event: asyncio.Event) -> None:
    event.set()


@contextmanager
def _loop() -> Iterator[Callable[[Awaitable[None]], Future[None]]]:
    """An event loop in another thread, and how something is run there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(_awaited(work), loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _awaited(work: Awaitable[None]) -> None:
    await work
