"""The whole program: a process of its own, real functions, and callers who behave badly."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.unit.function_runner.calling import Caller, channel, said
from tests.unit.function_runner.program import PREFIX, Program, image, running, write_functions
from tests.unit.function_runner.waiting import until

pytestmark = pytest.mark.process

LIST = b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [] # kept\n"
FUNCTIONS = {
    "cat": "#!/bin/sh\nexec cat\n",
    "hang": "#!/bin/sh\nsleep 600 & wait\n",
    "crash": "#!/bin/sh\nkill -SEGV $$\n",
    "fail": "#!/bin/sh\ncat\nprintf 'results:\\n- message: no\\n'\necho why >&2\nexit 3\n",
    "flood": "#!/bin/sh\nexec head -c 100000000 /dev/zero\n",
    "flood-stderr": "#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x >&2\nexit 1\n",
    "nothing": "#!/bin/sh\n",
    "whisper": "#!/bin/sh\necho said >&2\n",
    "slow": "#!/bin/sh\nsleep 1\nexec cat\n",
    "strict": f"#!{sys.executable}\nimport json, sys\nprint(json.load(sys.stdin))\n",
}
DIGEST = "ab" * 32
INTERNAL, OK = grpc.StatusCode.INTERNAL, grpc.StatusCode.OK
TOO_LARGE = grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One runner for all of these callers: what one does must not harm the next."""
    folder = tmp_path_factory.mktemp("functions")
    with running(folder, FUNCTIONS, tags=f"v1, {DIGEST}") as found:
        yield found


@pytest.fixture
async def caller(program: Program) -> AsyncIterator[Caller]:
    """A bare caller of it."""
    async with channel(program.port) as opened:
        yield Caller(opened, program.address)


async def code_and_text(
    caller: Caller, name: str, data: bytes = LIST, *, seconds: float = 30
) -> tuple[grpc.StatusCode, str]:
    """How a call ends."""
    try:
        await caller(image=image(name), resource_list=data, seconds=seconds)
    except grpc.aio.AioRpcError as err:
        return err.code(), err.details() or ""
    return OK, ""


async def test_a_function_is_run_and_nothing_is_rewritten(caller: Caller) -> None:
    """Comments and all."""
    answer = await caller(image=image("cat"), resource_list=LIST)

    assert (answer.resource_list, answer.log) == (LIST, b"")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unknown", (grpc.StatusCode.NOT_FOUND, f'function "{PREFIX}/unknown:v1" not found')),
        ("crash", (INTERNAL, f'Failed to execute function "{PREFIX}/crash:v1": signal: segm')),
        ("fail", (INTERNAL, f'Failed to execute function "{PREFIX}/fail:v1": exit status 3 (why)')),
        ("flood", (TOO_LARGE, f'function "{PREFIX}/flood:v1" must print at most 6291456 bytes')),
        ("flood-stderr", (INTERNAL, f'"{PREFIX}/flood-stderr:v1": exit status 1 (xxxx')),
        ("nothing", (OK, "")),
        ("whisper", (OK, "")),
    ],
)
async def test_whatever_a_function_does_has_its_status(
    caller: Caller, program: Program, name: str, expected: tuple[grpc.StatusCode, str]
) -> None:
    """The text names image and cause, no process stays, and the next call is served."""
    code, text = await code_and_text(caller, name)

    assert (code, expected[1] in text) == (expected[0], True)
    assert await code_and_text(caller, "cat") == (OK, "")
    await until(lambda: not program.children())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", INTERNAL),
        (b"\t{ not yaml", INTERNAL),
        (b"\x00\xff" * 1000, INTERNAL),
        (b"x" * (6 << 20), TOO_LARGE),
    ],
    ids=["empty", "no YAML", "binary", "above the limit"],
)
async def test_whatever_the_input_is_the_function_decides_within_the_limit(
    caller: Caller, data: bytes, code: grpc.StatusCode
) -> None:
    """The runner hands it on; a strict function says what is wrong with it."""
    found, text = await code_and_text(caller, "strict", data)

    assert found is code
    assert code is TOO_LARGE or "JSONDecodeError" in text or "UnicodeDecodeError" in text
    if code is not TOO_LARGE:
        assert (await caller(image=image("cat"), resource_list=data)).resource_list == data


async def test_a_function_that_hangs_ends_with_its_caller_s_patience(
    caller: Caller, program: Program
) -> None:
    """And all of its processes with it."""
    code, _ = await code_and_text(caller, "hang", seconds=0.3)

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not program.children())
    assert await code_and_text(caller, "cat") == (OK, "")


async def test_the_runner_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """For callers with all the time of the world."""
    with running(tmp_path, FUNCTIONS, "--evaluation-timeout=300ms") as program:
        async with channel(program.port) as opened:
            code, text = await code_and_text(Caller(opened, program.address), "hang")
        await until(lambda: not program.children())

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert f"function evaluation timed out for {PREFIX}/hang:v1" in text


async def test_details_of_a_failure_reach_those_who_look(caller: Caller) -> None:
    """Results and standard error in full."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller(image=image("fail"), details_bytes=10_000)

    failed = said(caught.value)
    assert (failed.exit_code, failed.results) == (3, b'[{"message":"no"}]')
    assert failed.log == b"why\n"


async def test_a_pinned_executable_is_answered_from_the_cache(
    caller: Caller, program: Program
) -> None:
    """And the hit is visible."""
    pinned = f"{PREFIX}/cat@sha256:{DIGEST}"
    hits = 'porch_evaluation_cache_lookups_total{outcome="hit"}'
    before = program.metric(hits)
    for _ in range(3):
        await caller(image=pinned, resource_list=b"same")

    assert program.metric(hits) == before + 2


async def test_pages_say_what_is_going_on(caller: Caller, program: Program) -> None:
    """For probes, Prometheus and people."""
    await caller(image=image("cat"))
    ended = 'porch_evaluation_calls_total{code="OK"}'
    state = json.loads(program.get("/state"))

    assert program.get("/healthz") == "\n"
    assert "[+] functionconfigs" in program.get("/readyz")
    assert program.metric(ended) >= 1
    assert program.metric("porch_evaluations_running") == 0
    assert state["evaluators"] == {"exec": {"running": 0, "waiting": 0}}
    assert set(FUNCTIONS) == set(state["functionconfigs"])


async def test_a_stop_lets_what_runs_end_and_takes_nothing_new(tmp_path: Path) -> None:
    """Health says so at once; the exit code is 0."""
    with running(tmp_path, FUNCTIONS) as program:
        async with channel(program.port) as opened:
            call = asyncio.create_task(
                Caller(opened, program.address)(image=image("slow"), resource_list=LIST)
            )
            await until(lambda: bool(program.children()))
            program.process.send_signal(signal.SIGTERM)
            answer = await call
        code = await asyncio.to_thread(program.process.wait, 30)

    assert answer.resource_list == LIST
    assert code == 0


async def test_a_stop_does_not_wait_longer_than_its_grace(tmp_path: Path) -> None:
    """Kubernetes would kill it, and the functions with it."""
    with running(tmp_path, FUNCTIONS, "--shutdown-grace=200ms") as program:
        async with channel(program.port) as opened:
            call = asyncio.create_task(code_and_text(Caller(opened, program.address), "hang"))
            await until(lambda: bool(program.children()))
            begun = time.monotonic()
            code = await asyncio.to_thread(program.stop)
            took = time.monotonic() - begun
            assert (await call)[0] is grpc.StatusCode.UNAVAILABLE  # worth another try elsewhere
        await until(lambda: not program.children())

    assert code == 0
    assert took < 15


@pytest.mark.parametrize(
    ("flags", "words", "code"),
    [
        (["--port=x", "--pod-ttl=1"], "--port must be a whole number, found 'x'", 2),
        (["--nonsense"], "--nonsense", 2),
        (["--function-configs=/nowhere"], "must be a folder, found '/nowhere'", 1),
    ],
)
def test_a_bad_start_is_explained(flags: list[str], words: str, code: int) -> None:
    """In one line, without a trace."""
    command = [sys.executable, "-P", "-m", "porch_function_runner.main", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, words in ended.stderr) == (code, True)
    assert "Traceback" not in ended.stderr


def test_a_config_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    """With what is wrong in it."""
    write_functions(tmp_path, {"cat": FUNCTIONS["cat"]})
    bad = "kind: FunctionConfig\nmetadata: {name: a}\nspec: {image: 7}\n"
    (tmp_path / "bad.yaml").write_text(bad)
    command = ["-P", "-m", "porch_function_runner.main", f"--function-configs={tmp_path}"]
    ended = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert "bad.yaml' must hold FunctionConfigs: Expected `str`, got `int`" in ended.stderr


async def test_a_port_that_is_taken_is_told(program: Program, tmp_path: Path) -> None:
    """Rather than shared with another process that answers half of the calls."""
    command = [
        *("-P", "-m", "porch_function_runner.main", "--metrics-port=0"),
        f"--function-configs={tmp_path}",
        f"--port={program.port}",
    ]
    ended = await asyncio.to_thread(
        lambda: subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, timeout=60, check=False
        )
    )

    assert ended.returncode == 1
    assert f"port {program.port} must be free to listen on" in ended.stderr


async def test_health_is_the_standard_one(caller: Caller) -> None:
    """For the probes of Kubernetes."""
    health: Any = HealthStub(caller.channel)  # its types lack the calls
    answer = await health.Check(HealthCheckRequest())

    assert answer == HealthCheckResponse(status=HealthCheckResponse.SERVING)
