"""set-labels: put labels on resources, their selectors and their pod templates.

Each item that is no local configuration gets the labels in `metadata.labels` and, by its kind, in
selectors and templates. A "set" place is created where it is missing; an "update" place changes
only a key that it already has.

CATALOGUE  terms of pod affinity are left alone, as is the selector of a volume claim's `spec`.
CORRECTED  affinity terms of pod templates are updated, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from porch.functions.builtin import krm, sdk_config
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    done,
    error,
    failed,
    info,
    warning,
)
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Node, WrongNode

_TEMPLATED = (
    ("", "v1", "ReplicationController"),
    ("", "", "Deployment"),
    ("", "", "ReplicaSet"),
    ("", "", "DaemonSet"),
    ("apps", "", "StatefulSet"),
    ("batch", "", "Job"),
)
_MATCH_LABELS_SET = _TEMPLATED[1:5]
_MATCH_LABELS_UPDATE = (("batch", "", "Job"), ("policy", "", "PodDisruptionBudget"))
_SELECTOR_SET = (("", "v1", "Service"), ("", "v1", "ReplicationController"))
_SELECTOR = ("spec", "selector", "matchLabels")


def run(call: BuiltinCall) -> FunctionOutput:
    """Set the configured labels."""
    items = [item for item in call.items if not krm.is_local_config(item)]
    if sdk_config.is_not_given(call.config):
        return failed(call.items, [info("`FunctionConfig` is not given")] if call.config else [])
    if not items:
        return done(call.items, [info("no input resources")])
    try:
        labels = _labels(call.config)
    except Rejected as refusal:
        return failed(call.items, [error(refusal.message)])
    if not labels:
        message = "no `labels` arguments are given in FunctionConfig"
        return done(call.items, [warning(message)])
    return _label_all(call, items, labels)


def _labels(config: Node | None) -> dict[str, str]:
    if config is None:
        return {}
    if sdk_config.is_config_map(config):
        labels = sdk_config.string_map(config.get("data"), "data")
    elif sdk_config.is_own_kind(config, "SetLabels"):
        labels = sdk_config.string_map(config.get("labels"), "labels")
    else:
        raise sdk_config.unknown(config, "SetLabels")
    return dict(sorted(labels.items()))


def _label_all(call: BuiltinCall, items: list[Node], labels: dict[str, str]) -> FunctionOutput:
    count, errors = 0, []
    for item in items:
        try:
            for place in _places(item, corrected=call.corrected):
                count += len(labels)
                place.apply(labels)
        except WrongNode as wrong:
            errors.append(error(f"{krm.short_string(item)}: {wrong}"))
    if errors:
        return failed(call.items, errors)
    return done(call.items, [info(f"set {count} labels in total")])


@dataclass(frozen=True, slots=True)
class _Place:
    """A map of labels below `root`; with `create` it is made where it is missing."""

    root: Node
    path: tuple[str, ...]
    create: bool

    def apply(self, labels: dict[str, str]) -> None:
        if self.create:
            target = self.root
            for key in self.path:
                target = target.child(key)
            for key, value in labels.items():
                target.set(key, value)
            return
        found = self.root.at(*self.path)
        if found is None or not found.is_mapping:
            return
        for key, value in labels.items():
            current = found.get(key)
            if current is not None and current.value != value:
                found.set(key, value)


def _places(item: Node, *, corrected: bool) -> Iterator[_Place]:
    """Where the labels of one item go, in the order of the catalogue."""
    yield _Place(item, ("metadata", "labels"), create=True)
    yield from _selectors(item)
    if _is_any(item, _TEMPLATED):
        yield from _template(item.at("spec", "template"), corrected=corrected)
    if krm.is_gvk(item, "batch", "", "CronJob"):
        yield from _cron_job(item, corrected=corrected)
    if krm.is_gvk(item, "apps", "", "StatefulSet"):
        for claim in _elements(item, "spec", "volumeClaimTemplates"):
            yield _Place(claim, ("metadata", "labels"), create=True)
            yield _Place(claim, ("selector", "matchLabels"), create=False)
    if krm.is_gvk(item, "networking.k8s.io", "", "NetworkPolicy"):
        yield from _network_policy(item)


def _selectors(item: Node) -> Iterator[_Place]:
    if _is_any(item, _SELECTOR_SET):
        yield _Place(item, ("spec", "selector"), create=True)
    if _is_any(item, _MATCH_LABELS_SET):
        yield _Place(item, _SELECTOR, create=True)
    if _is_any(item, _MATCH_LABELS_UPDATE):
        yield _Place(item, _SELECTOR, create=False)


def _template(template: Node | None, *, corrected: bool) -> Iterator[_Place]:
    if template is None or not template.is_mapping:
        return
    yield _Place(template, ("metadata", "labels"), create=True)
    for constraint in _elements(template, "spec", "topologySpreadConstraints"):
        yield _Place(constraint, ("labelSelector", "matchLabels"), create=False)
    if corrected:
        for kind in ("podAffinity", "podAntiAffinity"):
            yield from _affinity(template.at("spec", "affinity", kind))


def _affinity(affinity: Node | None) -> Iterator[_Place]:
    if affinity is None:
        return
    for term in _elements(affinity, "requiredDuringSchedulingIgnoredDuringExecution"):
        yield _Place(term, ("labelSelector", "matchLabels"), create=False)
    for term in _elements(affinity, "preferredDuringSchedulingIgnoredDuringExecution"):
        yield _Place(term, ("podAffinityTerm", "labelSelector", "matchLabels"), create=False)


def _cron_job(item: Node, *, corrected: bool) -> Iterator[_Place]:
    job = item.at("spec", "jobTemplate")
    if job is None or not job.is_mapping:
        return
    yield _Place(job, ("metadata", "labels"), create=True)
    yield _Place(job, _SELECTOR, create=False)
    yield from _template(job.at("spec", "template"), corrected=corrected)


def _network_policy(item: Node) -> Iterator[_Place]:
    yield _Place(item, ("spec", "podSelector", "matchLabels"), create=False)
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in _elements(item, "spec", direction):
            for peer in _elements(rule, side):
                yield _Place(peer, ("podSelector", "matchLabels"), create=False)


def _elements(node: Node, *path: str) -> list[Node]:
    found = node.at(*path)
    return found.content if found is not None and found.is_sequence else []


def _is_any(item: Node, kinds: tuple[tuple[str, str, str], ...]) -> bool:
    return any(krm.is_gvk(item, *kind) for kind in kinds)
