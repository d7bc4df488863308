"""The runner as a program: a process of its own, with functions that a test writes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.unit.function_runner.waiting import runs

PREFIX = "registry.example/fn"


@dataclass(frozen=True, slots=True)
class Program:
    """A runner that serves."""

    process: subprocess.Popen[str]
    port: int
    http_port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get(self, path: str) -> str:
        """A page of its HTTP port."""
        with urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def metric(self, line: str) -> float:
        """The value of a metric, by its name and labels; 0 when nobody has counted yet."""
        lines = self.get("/metrics").splitlines()
        values = (each.rpartition(" ")[2] for each in lines if each.startswith(line + " "))
        return float(next(values, "0"))

    def stop(self) -> int:
        """End it as Kubernetes does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def resident_bytes(self) -> int:
        """Its memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def children(self) -> list[int]:
        """Processes that it has started and that run."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = (int(pid) for task in tasks for pid in task.read_text().split())
        return [pid for pid in pids if runs(pid)]


@contextmanager
def running(
    folder: Path, functions: Mapping[str, str], *flags: str, tags: str = "v1"
) -> Iterator[Program]:
    """A runner with these scripts, by the name of their image; stopped at the end."""
    write_functions(folder, functions, tags=tags)
    ours = (f"--functions={folder}", f"--function-configs={folder}", "--disable-runtimes=pod")
    with started(*ours, *flags) as program:
        yield program


@contextmanager
def started(*flags: str, environment: Mapping[str, str] = os.environ) -> Iterator[Program]:
    """A runner with these flags and ports of its choice; stopped at the end."""
    command = ("-P", "-m", "porch_function_runner.main", "--port=0", "--metrics-port=0", *flags)
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield _served(process)
    finally:
        process.kill()
        process.communicate()


def write_functions(folder: Path, functions: Mapping[str, str], *, tags: str = "v1") -> None:
    """Executables, and the FunctionConfigs that name them."""
    for name, script in functions.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
        (folder / f"{name}.yaml").write_text(
            "apiVersion: config.porch.kpt.dev/v1alpha1\nkind: FunctionConfig\n"
            f"metadata: {{name: {name}}}\nspec:\n  image: {name}\n  prefixes: [{PREFIX}]\n"
            f"  binaryExecutor: {{path: {name}, tags: [{tags}]}}\n"
        )


def image(name: str) -> str:
    """The image of a function of the test's."""
    return f"{PREFIX}/{name}:v1"


def _served(process: subprocess.Popen[str]) -> Program:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if '"runner is serving"' in line:
            facts = json.loads(line)
            return Program(process, facts["port"], facts["metrics_port"])
    raise AssertionError(f"the runner must serve, it said:\n{said}")
