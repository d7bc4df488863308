"""Profiles of our processes while a suite runs: where the operator and the API server compute.

Operator    py-spy, with its workers: a flame graph for any browser, of the threads that hold the
            interpreter's lock; whoever waits is not in it, nor is what git's library computes.
            py-spy reads the memory of another process, which not every system lets a user do who
            is not root.
API server  its own profiler (/debug/pprof), the first 10 s of the measurement, for `go tool pprof`.
"""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.world import Ours
from porch.runtime.client import connect
from porch.runtime.kubeconfig import load_kubeconfig

LOOKS = 200  # of py-spy, a second
FOLDER = Path(__file__).resolve().parent / "profiles"
APISERVER_FOR = timedelta(seconds=10)
WRITES_WITHIN = timedelta(seconds=60)


def folder_for(suite: str) -> Path:
    """A new folder for the profiles of a suite."""
    folder = FOLDER / f"{suite}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    return folder


@contextmanager
def profile(
    ours: Ours, folder: Path, *, apiserver_for: timedelta = APISERVER_FOR
) -> Iterator[None]:
    """Profile until the end of the context, into a folder."""
    apiserver = threading.Thread(target=_profile_apiserver, args=(ours, folder, apiserver_for))
    recorder = _profile_operator(ours, folder)
    apiserver.start()
    try:
        yield
    finally:
        recorder.send_signal(signal.SIGINT)  # it writes what it has, and ends
        ended = recorder.wait(WRITES_WITHIN.total_seconds())
        apiserver.join()
    if ended != 0:
        log = (folder / "py-spy.log").read_text().strip()
        raise SystemExit(f"py-spy must be able to profile the operator, ended with {ended}: {log}")


def _profile_operator(ours: Ours, folder: Path) -> subprocess.Popen[bytes]:
    assert ours.operator.process is not None
    program = Path(sys.executable).parent / "py-spy"
    # NB: without --gil idle workers are half of the graph; their wait is taken for work.
    command = [str(program), "record", "--gil", "--subprocesses", f"--rate={LOOKS}"]
    command += [f"--pid={ours.operator.process.pid}", f"--output={folder / 'operator.svg'}"]
    with (folder / "py-spy.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _profile_apiserver(ours: Ours, folder: Path, seconds: timedelta) -> None:
    async def fetched() -> bytes:
        async with connect(load_kubeconfig([ours.cluster.kubeconfig])) as client:
            return await client.read(f"/debug/pprof/profile?seconds={seconds.seconds}")

    (folder / "apiserver.pprof").write_bytes(asyncio.run(fetched()))
