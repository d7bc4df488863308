"""One user's life cycles on a real API server and git over HTTP: each step, and its stages.

Workload  Kptfile, Deployment, ConfigMap, Service, README, package-context; mutator set-namespace;
          etcd without fsync; git http-backend on loopback. 60 life cycles, after 5 to warm up.
Done      seen by a client's watch; `acknowledged` is the API server's answer to the client.
Stages    what the same watch saw on the way, from the client's write on.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.results import Result, write
from porch.api.packagerevision import PackageRevision
from porch.api.packagerevisionresources import PackageRevisionResources
from porch.cache.cr import RESOURCES
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, connect
from porch.runtime.kubeconfig import load_kubeconfig
from porch.runtime.resources import ObjectKey
from porch.runtime.watch import Changed, watch
from porch_devcluster import provider
from porch_devcluster.api import wait_for
from porch_devcluster.gitserver.server import GitServer
from tests.integration.installed import install
from tests.integration.operator.running import RunningOperator

CYCLES = 60
WARM_UP = 5
NAMESPACE = "bench"
PATIENCE_SECONDS = 20

TARGETS = {"init": 60.0, "edit": 60.0, "propose": 40.0, "approve": 120.0, "life cycle": 280.0}

PIPELINE = """\
pipeline:
  mutators:
  - image: set-namespace:v0.4.1
    configMap:
      namespace: web
"""
FILES = {
    "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
    "  selector:\n    matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n"
    "        app: web\n    spec:\n      containers:\n      - name: nginx\n        image: nginx\n",
    "configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  k: v\n",
    "service.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n"
    "    app: web\n  ports:\n  - port: 80\n",
}

Predicate = Callable[[PackageRevision], bool]


@dataclass(slots=True)
class Times:
    """Milliseconds of each step and stage, one entry a life cycle."""

    steps: dict[str, list[float]] = field(default_factory=dict)
    sizes: list[float] = field(default_factory=list)  # of published objects, bytes of JSON

    def add(self, step: str, seconds: float) -> None:
        self.steps.setdefault(step, []).append(seconds * 1000)


class Eyes:
    """A client's watch: what it has seen of each revision, and when."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._news = asyncio.Condition()
        self._seen: dict[str, list[tuple[float, PackageRevision]]] = {}

    async def run(self) -> None:
        """Watch for ever."""
        first = await self._client.list(REVISIONS, into=PackageRevision)
        events = watch(self._client, REVISIONS, since=first.resource_version, into=PackageRevision)
        async for event in events:
            if isinstance(event, Changed):
                async with self._news:
                    name = event.object.metadata.name
                    self._seen.setdefault(name, []).append((time.perf_counter(), event.object))
                    self._news.notify_all()

    async def first(self, name: str, holds: Predicate, *, after: float) -> float:
        """When the watch first saw what is asked for, after a moment."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            while True:
                for when, obj in self._seen.get(name, []):
                    if when > after and holds(obj):
                        return when
                await self._news.wait()


@dataclass(frozen=True, slots=True)
class Cycle:
    """One life cycle under way."""

    eyes: Eyes
    name: str
    times: Times

    async def stage(self, begun: float, step: str, holds: Predicate) -> None:
        """Wait until the watch has seen a stage that began then, and take its time."""
        self.times.add(step, await self.eyes.first(self.name, holds, after=begun) - begun)


def main() -> None:
    """Measure, and write bench/results/lifecycle.json."""
    with ExitStack() as stack:
        kubeconfig, rss = stack.enter_context(_world())
        times = asyncio.run(_measure(kubeconfig))
        write("lifecycle", [*_results(times), Result("operator", "RSS", rss(), "MiB", 400.0)])


@contextmanager
def _world() -> Iterator[tuple[Path, Callable[[], float]]]:
    """A cluster with our kinds, an operator, and a registered repository."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-bench-")))
        provider.prepare(os.environ)
        cluster = stack.enter_context(provider.cluster())
        install(cluster)
        api = cluster.api()
        api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        server = stack.enter_context(GitServer(folder / "git"))
        url = server.url_of(server.create_repository("packages", files={"README.md": "# x\n"}))
        operator = RunningOperator(cluster, folder / "operator", {"PORCH_REPOSITORY_POLL": "30s"})
        operator.start()
        stack.callback(operator.kill)
        path = f"/apis/config.porch.kpt.dev/v1alpha1/namespaces/{NAMESPACE}/repositories"
        body: dict[str, Any] = {
            "apiVersion": "config.porch.kpt.dev/v1alpha1",
            "kind": "Repository",
            "metadata": {"name": "packages"},
            "spec": {"type": "git", "git": {"repo": url, "branch": "main"}},
        }
        api.create(path, body)
        wait_for(api, f"{path}/packages", _is_listed, within=timedelta(seconds=PATIENCE_SECONDS))
        yield cluster.kubeconfig, operator.rss_mib


async def _measure(kubeconfig: Path) -> Times:
    times = Times()
    async with connect(load_kubeconfig([kubeconfig])) as client:
        eyes = Eyes(client)
        watching = asyncio.create_task(eyes.run())
        for number in range(WARM_UP + CYCLES):
            into = times if number >= WARM_UP else Times()
            await _live(client, eyes, f"p{number}", into)
        watching.cancel()
        for number in range(CYCLES):
            key = ObjectKey(NAMESPACE, f"packages.p{WARM_UP + number}.v1")
            times.sizes.append(len(await client.read(REVISIONS.object_path(key))))
    return times


async def _live(client: Client, eyes: Eyes, package: str, times: Times) -> None:
    """One life cycle, step by step, each awaited."""
    name = f"packages.{package}.v1"
    key = ObjectKey(NAMESPACE, name)
    cycle = Cycle(eyes, name, times)
    whole = time.perf_counter()

    begun = time.perf_counter()
    await client.create(
        REVISIONS, _revision(name, package), namespace=NAMESPACE, into=PackageRevision
    )
    times.add("init: acknowledged", time.perf_counter() - begun)
    await cycle.stage(begun, "init: finalizer", lambda o: bool(o.metadata.finalizers))
    await cycle.stage(begun, "init: rendered", lambda o: o.status.render is not None)
    await cycle.stage(begun, "init", _is_ready)

    body = await client.get(RESOURCES, key, into=PackageRevisionResources)
    kptfile = (body.spec.resources or {})["Kptfile"]
    begun = time.perf_counter()
    files = FILES | {"Kptfile": kptfile + PIPELINE}
    edited = await client.patch(
        RESOURCES, key, {"spec": {"resources": files}}, into=PackageRevisionResources
    )
    times.add("edit: acknowledged", time.perf_counter() - begun)
    await cycle.stage(begun, "edit: rendered", _ran_functions)
    generation = edited.metadata.generation
    await cycle.stage(begun, "edit", lambda o: _covers(o, generation))

    for step, lifecycle in (("propose", "Proposed"), ("approve", "Published")):
        begun = time.perf_counter()
        await client.patch(REVISIONS, key, {"spec": {"lifecycle": lifecycle}}, into=PackageRevision)
        times.add(f"{step}: acknowledged", time.perf_counter() - begun)
        await cycle.stage(begun, step, _has(lifecycle))
    times.add("life cycle", time.perf_counter() - whole)


def _results(times: Times) -> Iterator[Result]:
    for step, values in times.steps.items():
        ranked = sorted(values)
        target = 50.0 if step.endswith("acknowledged") else None
        yield Result(step, "median", statistics.median(ranked), "ms", TARGETS.get(step))
        yield Result(
            step, "p95", _rank(ranked, 0.95), "ms", 350.0 if step == "life cycle" else None
        )
        yield Result(step, "p99", _rank(ranked, 0.99), "ms", target)

    size = statistics.median(times.sizes)
    yield Result("published PackageRevision", "median size", size, "bytes", 1500.0)


def _rank(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def _revision(name: str, package: str) -> dict[str, object]:
    return {
        "apiVersion": "porch.kpt.dev/v1alpha2",
        "kind": "PackageRevision",
        "metadata": {"name": name},
        "spec": {
            "repository": "packages",
            "packageName": package,
            "workspaceName": "v1",
            "lifecycle": "Draft",
            "source": {"init": {"description": "A benchmark"}},
        },
    }


def _is_ready(obj: PackageRevision) -> bool:
    return any(
        each.type == "Ready"
        and each.status == "True"
        and each.observed_generation == obj.metadata.generation
        for each in obj.status.conditions
    )


def _ran_functions(obj: PackageRevision) -> bool:
    return obj.status.render is not None and bool(obj.status.render.functions)


def _covers(obj: PackageRevision, generation: int) -> bool:
    render = obj.status.render
    return render is not None and render.resources_generation >= generation and _is_ready(obj)


def _has(lifecycle: str) -> Predicate:
    return lambda obj: obj.status.lifecycle == lifecycle and _is_ready(obj)


def _is_listed(obj: dict[str, Any]) -> bool:
    conditions = obj.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


if __name__ == "__main__":
    main()
