"""What one user does with one package, and how the steps are timed.

Workload  Kptfile, Deployment, ConfigMap, Service, README, package-context; mutator set-namespace.
Done      seen by a client's watch; `acknowledged` is the API server's answer to the client.
Stages    what the same watch saw on the way, from the client's write on.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.results import Result
from porch.api.packagerevision import PackageRevision
from porch.api.packagerevisionresources import PackageRevisionResources
from porch.cache.cr import RESOURCES
from porch.controllers.served import REVISIONS
from porch.runtime.client import Client, Selection
from porch.runtime.resources import ObjectKey
from porch.runtime.watch import Changed, watch

PATIENCE_SECONDS = 60
STEPS = ("init", "edit", "propose", "approve")

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


@dataclass(frozen=True, slots=True)
class Span:
    """One step or stage of one life, on the clock of time.perf_counter()."""

    name: str  # of the revision
    step: str
    begun: float
    ended: float


@dataclass(slots=True)
class Times:
    """What was timed, in the order of the ends."""

    spans: list[Span] = field(default_factory=list)

    def add(self, name: str, step: str, *, begun: float, ended: float) -> None:
        """Take note of one."""
        self.spans.append(Span(name, step, begun, ended))

    def steps(self) -> dict[str, list[float]]:
        """Milliseconds of each step and stage, one entry a life cycle."""
        found: dict[str, list[float]] = {}
        for span in self.spans:
            found.setdefault(span.step, []).append((span.ended - span.begun) * 1000)
        return found


class Eyes:
    """A client's watch of one namespace: what it has seen of each revision, and when."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._selection = Selection(namespace=namespace)
        self._seen: dict[str, list[tuple[float, PackageRevision]]] = {}
        self._waiting: dict[str, asyncio.Event] = {}
        self.opened = asyncio.Event()  # what changes from now on is seen

    async def run(self) -> None:
        """Watch for ever."""
        first = await self._client.list(REVISIONS, self._selection, into=PackageRevision)
        events = watch(
            self._client,
            REVISIONS,
            self._selection,
            since=first.resource_version,
            into=PackageRevision,
        )
        self.opened.set()
        async for event in events:
            if isinstance(event, Changed):
                name = event.object.metadata.name
                self._seen.setdefault(name, []).append((time.perf_counter(), event.object))
                self._news(name).set()

    async def first(self, name: str, holds: Predicate, *, after: float) -> float:
        """When the watch first saw what is asked for, after a moment."""
        news = self._news(name)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                news.clear()
                for when, obj in self._seen.get(name, []):
                    if when > after and holds(obj):
                        return when
                await news.wait()

    def forget(self, name: str) -> None:
        """A life is over; what was seen of it is not needed any more."""
        self._seen.pop(name, None)
        self._waiting.pop(name, None)

    def _news(self, name: str) -> asyncio.Event:
        return self._waiting.setdefault(name, asyncio.Event())


@dataclass(frozen=True, slots=True)
class Life:
    """One revision of one package, in the hands of one user."""

    client: Client
    eyes: Eyes
    key: ObjectKey
    times: Times

    async def whole(self) -> None:
        """Init, edit, propose, approve, each awaited."""
        begun = time.perf_counter()
        await self.init()
        await self.edit()
        await self.propose()
        await self.approve()
        self._took("life cycle", begun)

    async def init(self) -> None:
        """A new package, until it is a Ready draft."""
        begun = time.perf_counter()
        await self.create({"init": {"description": "A benchmark"}}, "Draft")
        self._took("init: acknowledged", begun)
        await self._stage(begun, "init: finalizer", lambda o: bool(o.metadata.finalizers))
        await self._stage(begun, "init: rendered", lambda o: o.status.render is not None)
        await self._stage(begun, "init", is_ready)

    async def create(self, source: dict[str, object], lifecycle: str) -> None:
        """Ask for the revision."""
        repository, package, workspace = self.key.name.split(".")
        body = {
            "apiVersion": REVISIONS.api_version,
            "kind": REVISIONS.kind,
            "metadata": {"name": self.key.name},
            "spec": {
                "repository": repository,
                "packageName": package,
                "workspaceName": workspace,
                "lifecycle": lifecycle,
                "source": source,
            },
        }
        await self.client.create(
            REVISIONS, body, namespace=self.key.namespace, into=PackageRevision
        )

    async def edit(self) -> None:
        """The workload's files, until they are rendered."""
        body = await self.client.get(RESOURCES, self.key, into=PackageRevisionResources)
        kptfile = (body.spec.resources or {})["Kptfile"]
        begun = time.perf_counter()
        files = FILES | {"Kptfile": kptfile + PIPELINE}
        edited = await self.client.patch(
            RESOURCES, self.key, {"spec": {"resources": files}}, into=PackageRevisionResources
        )
        self._took("edit: acknowledged", begun)
        await self._stage(begun, "edit: rendered", _ran_functions)
        generation = edited.metadata.generation
        await self._stage(begun, "edit", lambda o: _covers(o, generation))

    async def propose(self) -> None:
        """Until it is sealed."""
        await self._wish("propose", "Proposed")

    async def approve(self) -> None:
        """Until its tag is in git."""
        await self._wish("approve", "Published")

    async def _wish(self, step: str, lifecycle: str) -> None:
        begun = time.perf_counter()
        wish = {"spec": {"lifecycle": lifecycle}}
        await self.client.patch(REVISIONS, self.key, wish, into=PackageRevision)
        self._took(f"{step}: acknowledged", begun)
        await self._stage(begun, step, has_lifecycle(lifecycle))

    async def _stage(self, begun: float, step: str, holds: Predicate) -> None:
        """Wait until the watch has seen a stage that began then, and take its time."""
        seen = await self.eyes.first(self.key.name, holds, after=begun)
        self.times.add(self.key.name, step, begun=begun, ended=seen)

    def _took(self, step: str, begun: float) -> None:
        """Something that began then is over."""
        self.times.add(self.key.name, step, begun=begun, ended=time.perf_counter())


def is_ready(obj: PackageRevision) -> bool:
    """Ready, for the object as it is now."""
    return any(
        each.type == "Ready"
        and each.status == "True"
        and each.observed_generation == obj.metadata.generation
        for each in obj.status.conditions
    )


def has_lifecycle(lifecycle: str) -> Predicate:
    """The state is reached, and nothing is left to do."""
    return lambda obj: obj.status.lifecycle == lifecycle and is_ready(obj)


def ranks(case: str, values: Sequence[float], targets: dict[str, float]) -> Iterator[Result]:
    """Median, p95 and p99 of one step, milliseconds; `targets` by the name of the metric."""
    ranked = sorted(values)
    for metric, value in (
        ("median", statistics.median(ranked)),
        ("p95", _rank(ranked, 0.95)),
        ("p99", _rank(ranked, 0.99)),
    ):
        yield Result(case, metric, value, "ms", targets.get(metric))


def _rank(ranked: Sequence[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def _ran_functions(obj: PackageRevision) -> bool:
    return obj.status.render is not None and bool(obj.status.render.functions)


def _covers(obj: PackageRevision, generation: int) -> bool:
    render = obj.status.render
    return render is not None and render.resources_generation >= generation and is_ready(obj)
