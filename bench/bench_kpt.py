"""Speed and memory of the package format: YAML round trip, render, size in memory.

Run as `python -m bench.bench_kpt`. Each time is the best of several runs on one core; the round
trip is compared with PyYAML's C loader and dumper on the same text, in the same process.
"""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import yaml

from bench.recording import write
from bench.results import Result
from porch.functions.registry import FunctionRegistry
from porch.functions.runtime import BuiltinRuntime, Chain
from porch.functions.sandbox.parent import Sandbox
from porch.kpt.outcome import Rendered
from porch.kpt.render import RenderOptions, render
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.parse import parse

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "golden" / "yaml" / "corpus.yaml"
RUNS = 9
DEPLOYMENTS = 30
FUNCTIONS = 15
PIPELINE = (  # image, and one entry of its configMap, made different in each step
    ("set-namespace:v0.4.1", "namespace", "bench-"),
    ("set-labels:v0.2.0", "tier", "web-"),
    ("set-annotations:v0.1.4", "owner", "team-"),
    ("apply-setters:v0.2.0", "replicas", ""),
    ("set-labels:v0.2.0", "zone", "east-"),
)
CONTAINERS = 24  # a Deployment of 18 kB


def main() -> None:
    """Measure everything and write bench/results/kpt.json."""
    write("kpt", [*round_trip(), *rendering(), memory()])


def round_trip() -> list[Result]:
    text = CORPUS.read_text()
    documents = parse(text)
    data = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    ours_load, ours_dump = best(lambda: parse(text)), best(lambda: emit(documents))
    theirs_load = best(lambda: list(yaml.load_all(text, Loader=yaml.CSafeLoader)))
    theirs_dump = best(lambda: yaml.dump_all(data, Dumper=yaml.CSafeDumper))
    ratio = (ours_load + ours_dump) / (theirs_load + theirs_dump)
    case = f"YAML round trip of {len(text) // 1000} kB"
    return [
        Result(case, "time over PyYAML C load and dump", ratio, "x", 1.2),
        Result(case, "parse", ours_load * 1000, "ms"),
        Result(case, "emit", ours_dump * 1000, "ms"),
        Result(case, "data-only read", best(lambda: read_data(text)) * 1000, "ms"),
    ]


def rendering() -> list[Result]:
    files = package(steps=FUNCTIONS)
    plain = package(steps=0)
    case = f"render of {DEPLOYMENTS} Deployments, {size(files) // 1000} kB"
    return [
        Result(case, f"{FUNCTIONS} built-in functions", seconds(files), "s", 1.5),
        Result(case, "no function", seconds(plain), "s"),
    ]


def seconds(files: dict[str, str]) -> float:
    registry = FunctionRegistry.of()
    evaluate = Chain([BuiltinRuntime(Sandbox(), registry)], registry)

    def once() -> None:
        outcome = render(files, evaluate=evaluate, options=RenderOptions())
        assert isinstance(outcome, Rendered), outcome

    return best(once, runs=5)


def memory() -> Result:
    text = "---\n".join([CORPUS.read_text()] * 10)
    tracemalloc.start()
    documents = parse(text)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert documents
    return Result("parsed package", "memory per MB of text", held / len(text), "MB")


def best(action: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds of the fastest of several runs."""
    times: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def package(*, steps: int) -> dict[str, str]:
    """A package of many Deployments and a pipeline of that many functions."""
    pipeline = "".join(_step(step) for step in range(steps))
    head = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: bench\n"
    files = {"Kptfile": head + (f"pipeline:\n  mutators:\n{pipeline}" if steps else "")}
    for number in range(DEPLOYMENTS):
        files[f"deployment-{number}.yaml"] = deployment(number)
    return files


def _step(number: int) -> str:
    image, key, value = PIPELINE[number % len(PIPELINE)]
    return f"  - image: {image}\n    configMap:\n      {key}: {value}{number}\n"


def deployment(number: int) -> str:
    containers = "".join(container(number, index) for index in range(CONTAINERS))
    return f"""# Deployment number {number}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number}
  namespace: bench
  labels:
    app.kubernetes.io/name: app-{number}
spec:
  replicas: 3 # kpt-set: ${{replicas}}
  selector:
    matchLabels:
      app: app-{number}
  template:
    metadata:
      labels:
        app: app-{number}
    spec:
      containers:
{containers}"""


def container(number: int, index: int) -> str:
    return f"""      - name: container-{index}
        image: registry.example.com/team/app-{number}:v1.{index} # kpt-set: ${{image}}
        args: ["--port", "80{index:02}", "--verbose"]
        env:
        - name: LEVEL
          value: info
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        ports:
        - containerPort: 8080
          name: http
          protocol: TCP
        resources:
          limits:
            cpu: 500m
            memory: 256Mi
          requests:
            cpu: 100m
            memory: 128Mi
        livenessProbe:
          httpGet:
            path: /healthz
            port: 8080
          periodSeconds: 10
        volumeMounts:
        - name: data
          mountPath: /var/lib/data
          readOnly: true
"""


def size(files: dict[str, str]) -> int:
    return sum(map(len, files.values()))


if __name__ == "__main__":
    main()
