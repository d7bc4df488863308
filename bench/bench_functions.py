"""Overhead of functions when everything is warm, and what starting costs.

Run as `python -m bench.bench_functions`. The package is the one of all life-cycle figures: Kptfile,
Deployment, ConfigMap, Service, README and package-context, with the mutator set-namespace. The
pool's overhead is the median of renders in a worker less the median of the same render in this
process, taken in turns so that both see the same machine. The scheduler has a say between
processes: on a busy machine the median grows with the load, and the 10th percentile is nearer to
the cost without it.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.recording import write
from bench.results import Result
from porch.functions.executable import ExecutableRuntime
from porch.functions.pool import PoolSettings, RenderPool, open_pool
from porch.functions.runtime import BuiltinRuntime, Chain
from porch.functions.sandbox.parent import Sandbox
from porch.kpt.evaluate import FunctionCall
from porch.kpt.render import render
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

RUNS = 300
EXECUTABLE_RUNS = 40
FEW_RUNS = 20
KPTFILE = """apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: shop
  annotations:
    config.kubernetes.io/local-config: "true"
pipeline:
  mutators:
    - image: set-namespace:v0.4.1
      configMap:
        namespace: shop
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 3
  selector:
    matchLabels:
      app: shop
  template:
    metadata:
      labels:
        app: shop
    spec:
      containers:
        - name: shop
          image: nginx:1.27 # kept
          ports:
            - containerPort: 8080
"""
SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector:
    app: shop
  ports:
    - port: 80
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  level: info\n"
CONTEXT = """apiVersion: v1
kind: ConfigMap
metadata:
  name: kptfile.kpt.dev
  annotations:
    config.kubernetes.io/local-config: "true"
data:
  name: shop
"""
PACKAGE = {
    "Kptfile": KPTFILE,
    "README.md": "# shop\n",
    "configmap.yaml": CONFIG_MAP,
    "deployment.yaml": DEPLOYMENT,
    "package-context.yaml": CONTEXT,
    "service.yaml": SERVICE,
}
SCRIPT = 'for r in ctx.resource_list["items"]:\n  r["metadata"]["labels"] = {"a": "b"}\n'


def main() -> None:
    """Measure everything and write bench/results/functions.json."""
    with Sandbox() as sandbox:
        first = seconds(lambda: sandbox.search("a", ["a"]))
        chain = Chain([BuiltinRuntime(sandbox), ExecutableRuntime()])
        results = [*calls(chain), *sandboxed(sandbox, first), *asyncio.run(pooled(chain))]
    write("functions", results)


def calls(chain: Chain) -> list[Result]:
    """One call of a function on the resources of the package."""
    namespace = Node.mapping([("namespace", "shop")])
    config = Node.mapping([("apiVersion", "v1"), ("kind", "ConfigMap"), ("data", namespace)])
    script = Node.mapping([("source", SCRIPT)])
    starlark = Node.mapping([("apiVersion", "v1"), ("kind", "ConfigMap"), ("data", script)])
    built_in = FunctionCall(image="set-namespace:v0.4.1", config=config, items=items())
    scripted = FunctionCall(image="starlark:v0.5.0", config=starlark, items=items())
    cat = FunctionCall(exec="cat", items=items())
    conform = FunctionCall(image="kubeconform", items=items()[1:-1] * 67)
    assert chain(conform).exit_code == 0
    case = "warm call on 5 resources"
    many = f"warm call on {len(conform.items)} resources"
    return [
        Result(case, "built-in set-namespace", median(lambda: chain(built_in)) * 1000, "ms"),
        Result(case, "built-in starlark", median(lambda: chain(scripted)) * 1000, "ms"),
        Result(case, "executable cat", median(lambda: chain(cat), EXECUTABLE_RUNS) * 1000, "ms"),
        Result(many, "built-in kubeconform", median(lambda: chain(conform), FEW_RUNS) * 1000, "ms"),
    ]


def sandboxed(sandbox: Sandbox, first: float) -> list[Result]:
    """What crossing into the sandbox costs."""
    texts = ["nginx:1.27"] * 100
    search = median(lambda: sandbox.search(r"^nginx(:.*)?$", texts))
    return [
        Result("sandbox", "first call, child started", first * 1000, "ms"),
        Result("sandbox", "warm search of 100 texts", search * 1000, "ms"),
    ]


async def pooled(chain: Chain) -> list[Result]:
    """Renders in a worker and in this process, in turns."""
    begun = time.perf_counter()
    async with open_pool(PoolSettings(workers=1)) as pool:
        started = time.perf_counter() - begun
        inside: list[float] = []
        outside: list[float] = []
        for _ in range(RUNS):
            outside.append(await _render_seconds(pool))
            inside.append(seconds(lambda: render(PACKAGE, evaluate=chain)))
        case = "render of 6 files, 1 function"
        overhead = statistics.median(outside) - statistics.median(inside)
        undisturbed = sorted(outside)[RUNS // 10] - sorted(inside)[RUNS // 10]
        return [
            Result(case, "in this process, median", statistics.median(inside) * 1000, "ms"),
            Result(case, "in a worker, median", statistics.median(outside) * 1000, "ms"),
            Result(case, "in a worker, p99", sorted(outside)[RUNS * 99 // 100] * 1000, "ms"),
            Result(case, "overhead of the pool, median", overhead * 1000, "ms", 2.0),
            Result(case, "overhead of the pool, 10th percentile", undisturbed * 1000, "ms"),
            Result("pool", "start of one warm worker", started * 1000, "ms"),
            Result("pool", "memory of one worker", _worker_mebibytes(), "MiB"),
        ]


async def _render_seconds(pool: RenderPool) -> float:
    begun = time.perf_counter()
    await pool.render(PACKAGE)
    return time.perf_counter() - begun


def _worker_mebibytes() -> float:
    """Resident memory of the worker, which is a child of this process; 0 where /proc is not."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    for children in tasks.glob("*/children"):
        for child in children.read_text().split():
            process = Path("/proc") / child
            if "porch.functions.worker" in (process / "cmdline").read_text():
                pages = int((process / "statm").read_text().split()[1])
                return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


def items() -> list[Node]:
    """The resources of the package."""
    texts = (text for path, text in PACKAGE.items() if path != "README.md")
    return [document.root for text in texts for document in parse(text)]


def median(action: Callable[[], object], runs: int = RUNS) -> float:
    """The median duration in seconds."""
    return statistics.median(seconds(action) for _ in range(runs))


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
