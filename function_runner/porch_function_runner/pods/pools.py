"""The one owner of all pools: events in, decisions of `plan` carried out on calls and connections.

State     of one event loop; no method waits, so each event is one step that nothing interrupts.
          What has to be done in the cluster is left to whoever is told by `look` to look at a pod.
Pods      a pod that was removed stays in `removed` until it has been seen to be gone: its late
          events must not bring it back. Names are never used again.
Bounds    a pool is forgotten when it has neither pods nor calls; memory follows pods and calls.
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from porch.functions.images import BadImage, Image
from porch_function_runner.pods.build import Blueprint
from porch_function_runner.pods.connection import Connection
from porch_function_runner.pods.failures import error_of
from porch_function_runner.pods.functions import PodFunctions
from porch_function_runner.pods.meters import PoolMetrics
from porch_function_runner.pods.names import pod_prefix, pool_id
from porch_function_runner.pods.plan import (
    Action,
    Assign,
    Drain,
    Fail,
    Remove,
    Start,
    settle,
    wake_at,
)
from porch_function_runner.pods.pool import FOREVER, CallId, Eviction, Pool, Stage
from porch_function_runner.pods.pool import Pod as PooledPod
from porch_function_runner.pods.settings import PodEvaluatorSettings
from porch_function_runner.pods.sighting import Sighting, State, milestone, sighted
from porch_function_runner.pods.startclock import StartClock
from porch_function_runner.pods.templates import Templates
from porch_function_runner.pods.tickets import Ticket
from porch_function_runner.pods.wire import TEMPLATE_ANNOTATION, Pod

logger = logging.getLogger(__name__)

_KILL_AFTER = 5.0  # seconds beyond its grace that a pod being deleted may keep its calls


@dataclass(frozen=True, slots=True)
class Order:
    """What a pod of a pool is made from."""

    image: Image
    pool: str
    blueprint: Blueprint
    version: str  # of the blueprint


@dataclass(slots=True)
class _Entry:
    """One image."""

    order: Order
    pool: Pool
    alarm: asyncio.TimerHandle | None = None


class Pools:
    """All pools of this process."""

    def __init__(
        self,
        settings: PodEvaluatorSettings,
        *,
        token: Callable[[], bytes] = lambda: secrets.token_bytes(8),
        metrics: PoolMetrics,
        look: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._token = token  # makes the names of the pods of each new pool its own
        self._metrics = metrics
        self._look = look  # at a pod, by its name
        self._templates = Templates()
        self._functions = PodFunctions(settings.default_prefix, settings.limits)
        self._entries: dict[str, _Entry] = {}  # by image
        self._homes: dict[str, _Entry] = {}  # by name of pod
        self._connections: dict[str, Connection] = {}  # by name of pod
        self._uncreated: set[str] = set()  # pods that are not yet in the cluster
        self._closing: dict[str, Connection] = {}  # by name of pod
        self._tickets: dict[CallId, Ticket] = {}
        self._numbers = itertools.count(1)
        self._warmed: set[str] = set()  # images
        self._clock = StartClock(metrics.start_part)
        self.removed: set[str] = set()
        metrics.watch(self.all)

    def all(self) -> list[Pool]:
        """The pools as they are."""
        return [entry.pool for entry in self._entries.values()]

    # Calls

    def join(self, text: str) -> Ticket:
        """A call for an image; BadImage when it is none."""
        image = self._functions.resolve(text)
        entry = self._entry(image)
        ticket = Ticket(CallId(next(self._numbers)), asked=text, image=str(image))
        self._tickets[ticket.call] = ticket
        self._change(entry, entry.pool.joined(ticket.call))
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """A call has ended, however."""
        del self._tickets[ticket.call]
        if entry := self._entries.get(ticket.image):
            self._change(entry, entry.pool.ended(ticket.call, _now()))

    def lost(self, ticket: Ticket, connection: Connection, why: str) -> None:
        """The pod did not answer a call: another one shall."""
        self._metrics.lost()
        ticket.returned(connection)
        if entry := self._homes.get(connection.pod):
            self._change(entry, entry.pool.lost(ticket.call, connection.pod, why, _now()))

    # Inputs

    def configure(self, functions: PodFunctions, templates: Templates) -> None:
        """FunctionConfigs or templates have changed."""
        self._functions, self._templates = functions, templates
        for entry in list(self._entries.values()):
            entry.order = self._order(entry.order.image)
            limits = functions.rules(entry.order.image).limits
            self._change(entry, entry.pool.configured(entry.order.version, limits))

    def warm(self) -> None:
        """Want a pod of each image that FunctionConfigs name and that is new among them."""
        if not self._settings.is_warming:
            return
        wanted = {str(image): image for image in self._functions.warm()}
        for text, image in wanted.items():
            if text not in self._warmed:
                entry = self._entry(image)
                self._change(entry, entry.pool.warmed())
        self._warmed = set(wanted)

    def seen(self, pod: Pod) -> None:
        """A pod of this runner, as it is now."""
        name = pod.metadata.name
        if name in self.removed:
            return
        self._uncreated.discard(name)
        sighting = sighted(pod)
        entry = self._homes.get(name)
        if entry is None and sighting.state is not State.LEAVING:
            entry = self._adopt(pod)
        if entry is None:
            return
        now = _now()
        self._clock.reached(name, milestone(pod), now)
        self._change(entry, self._after(entry.pool, pod, sighting, now))

    def gone(self, name: str, why: str) -> None:
        """A pod is no more, or no more this runner's."""
        self.removed.discard(name)
        entry = self._homes.get(name)
        if entry is not None:
            self._metrics.removed(Eviction.DELETED)
            self._forget(name)
            self._change(entry, entry.pool.gone(name, why))

    def connected(self, connection: Connection) -> bool:
        """A pod can be called; False when it is not wanted any more."""
        name = connection.pod
        entry = self._homes.get(name)
        if entry is None or name in self._connections:
            return False
        self._connections[name] = connection
        now = _now()
        self._clock.connected(name, now)
        self._change(entry, entry.pool.became_ready(name, now))
        return True

    def failed(self, name: str, why: str) -> None:
        """The start of a pod has come to nothing."""
        if entry := self._homes.get(name):
            self._change(entry, entry.pool.troubled(name, why, until=_now()))

    # What there is to do for a pod

    def order(self, name: str) -> Order | None:
        """What the pod is made from; None when it is not in a pool."""
        entry = self._homes.get(name)
        return entry.order if entry is not None else None

    def must_be_created(self, name: str) -> bool:
        """It was asked for and is not in the cluster."""
        return name in self._uncreated and name in self._homes

    def created(self, name: str) -> None:
        """It is in the cluster, or its creation was tried."""
        self._uncreated.discard(name)

    def must_be_connected(self, name: str) -> bool:
        """It is in a pool and has no connection."""
        return name in self._homes and name not in self._connections

    def take_closing(self, name: str) -> Connection | None:
        """The connection of a pod that went, to be closed by the caller."""
        return self._closing.pop(name, None)

    def take_connections(self) -> list[Connection]:
        """All connections, when the process ends; to be closed by the caller."""
        taken = [*self._connections.values(), *self._closing.values()]
        self._connections.clear()
        self._closing.clear()
        return taken

    def connections(self) -> int:
        """How many there are."""
        return len(self._connections) + len(self._closing)

    def state(self) -> dict[str, object]:
        """What there is now, for people."""
        return {
            image: {
                "waiting": len(entry.pool.waiting),
                "pods": {
                    pod.name: f"{pod.leaving or pod.stage}, {pod.load} calls"
                    for pod in entry.pool.pods
                },
                "refused": entry.pool.refusal.reason if entry.pool.refusal else "",
            }
            for image, entry in self._entries.items()
        }

    def _after(self, pool: Pool, pod: Pod, sighting: Sighting, now: float) -> Pool:
        """The pool after a pod was seen."""
        name, why = pod.metadata.name, sighting.why
        is_starting = any(each.name == name and each.stage is Stage.STARTING for each in pool.pods)
        match sighting.state:
            case State.READY:
                is_connected = name in self._connections
                return pool.became_ready(name, now) if is_connected else pool.relieved(name, now)
            case State.COMING:
                return pool.relieved(name, now).became_unready(
                    name, f"pod {name} is not ready any more", now
                )
            case State.STUCK:
                until = now + self._settings.stuck_for.total_seconds()
                return pool.troubled(name, why, until=until)
            case State.HOPELESS if is_starting:
                return pool.troubled(name, why, until=now)
            case State.ENDED if is_starting:
                return pool.troubled(name, why, until=now)
            case State.HOPELESS:
                return pool.became_unready(name, why, now)
            case State.ENDED:
                return pool.left(name, Eviction.FAILED, deadline=now)
            case State.LEAVING:
                grace = pod.metadata.deletion_grace_period_seconds + _KILL_AFTER
                return pool.left(name, Eviction.DELETED, deadline=now + grace)

    def _adopt(self, pod: Pod) -> _Entry | None:
        """Take a pod into the pool of its image; None when it is nobody's."""
        name = pod.metadata.name
        try:
            image = self._functions.resolve(pod.image)
        except BadImage as err:
            logger.warning("pod is not adopted", extra={"pod": name, "error": str(err)})
            return None
        entry = self._entry(image)
        self._homes[name] = entry
        self._metrics.adopted()
        deadline = _now() + entry.pool.limits.start_within.total_seconds()
        template = pod.metadata.annotations.get(TEMPLATE_ANNOTATION, "")
        entry.pool = entry.pool.adopted(PooledPod(name=name, template=template, deadline=deadline))
        logger.info("pod adopted", extra={"pod": name, "image": str(image)})
        return entry

    def _entry(self, image: Image) -> _Entry:
        text = str(image)
        if text not in self._entries:
            order = self._order(image)
            pool = Pool(
                prefix=pod_prefix(image, self._token()),
                template=order.version,
                limits=self._functions.rules(image).limits,
            )
            self._entries[text] = _Entry(order, pool)
        return self._entries[text]

    def _order(self, image: Image) -> Order:
        settings, rules = self._settings, self._functions.rules(image)
        blueprint = Blueprint(
            namespace=settings.namespace,
            wrapper_image=settings.wrapper_image,
            max_message_bytes=settings.max_message_bytes,
            templates=self._templates,
            overrides=rules.overrides,
            pull_secrets=settings.pull_secrets,
            is_headless=settings.is_headless,
            allows_network=rules.allows_network,
        )
        return Order(image, pool_id(image), blueprint, blueprint.version)

    def _change(self, entry: _Entry, pool: Pool) -> None:
        """Put a pool in place and do what it calls for."""
        now = _now()
        entry.pool, actions = settle(pool, now)
        for action in actions:
            self._carry_out(entry, action, now)
        self._set_alarm(entry, now)

    def _carry_out(self, entry: _Entry, action: Action, now: float) -> None:
        facts = {"image": str(entry.order.image)}
        match action:
            case Assign(call, name):
                self._tickets[call].assign(self._connections[name])
            case Start(name):
                self._homes[name] = entry
                self._uncreated.add(name)
                self._clock.asked(name, now)
                self._metrics.started()
                self._look(name)
                logger.info("pod wanted", extra=facts | {"pod": name})
            case Drain(name, why):
                logger.info("pod drains", extra=facts | {"pod": name, "why": why})
            case Remove(name, why):
                self._forget(name)
                self.removed.add(name)
                self._metrics.removed(why)
                logger.info("pod removed", extra=facts | {"pod": name, "why": why})
            case Fail(call):
                self._metrics.failed(action)
                ticket = self._tickets[call]
                ticket.fail(error_of(action, ticket.asked))
                logger.warning("call failed", extra=facts | {"why": action.reason})

    def _forget(self, name: str) -> None:
        """A pod is in no pool any more."""
        del self._homes[name]
        self._uncreated.discard(name)
        self._clock.forget(name)
        if connection := self._connections.pop(name, None):
            connection.abandon()
            self._closing[name] = connection
        self._look(name)

    def _set_alarm(self, entry: _Entry, now: float) -> None:
        if entry.alarm is not None:
            entry.alarm.cancel()
            entry.alarm = None
        if entry.pool.is_idle(now):
            self._entries.pop(str(entry.order.image), None)
        elif (at := wake_at(entry.pool, now)) < FOREVER:
            loop = asyncio.get_running_loop()
            entry.alarm = loop.call_at(at, lambda: self._change(entry, entry.pool))


def _now() -> float:
    return asyncio.get_running_loop().time()
