"""set-namespace: put the resources of a package into one namespace.

Sets `metadata.namespace`, the name of Namespace objects, the service references of conversion
webhooks and API services, subjects of bindings, and `depends-on` annotations that point into the
package. Local configuration is left alone.

CATALOGUE  errors of the config are results of a function that exits 0; subjects of RoleBindings
           stay; `spec.conversion…service.namespace` is created in every CustomResourceDefinition.
CORRECTED  a bad config fails the function; RoleBindings count; absent references are not created;
           lists in `depends-on` are understood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from porch.functions.builtin import krm
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    done,
    error,
    failed,
    info,
    warning,
)
from porch.kpt.annotations import UPSTREAM_IDENTIFIER, annotation, set_annotation
from porch.kpt.evaluate import FunctionOutput, ResultItem
from porch.kpt.yaml.node import Node

_DEPENDS_ON = "config.kubernetes.io/depends-on"
_NAMESPACED_REFERENCE = re.compile(r"[^/,\s]*/namespaces/[^/,\s]+/[^/,\s]+/[^/,\s]+\Z")
_EXPECTED = "`ConfigMap.v1` or `SetNamespace.v1alpha1.fn.kpt.dev`"
_PACKAGE_CONTEXT = "kptfile.kpt.dev"
_CRD_SERVICE = ("spec", "conversion", "webhook", "clientConfig", "service")


def run(call: BuiltinCall) -> FunctionOutput:
    """Set the configured namespace everywhere in the items."""
    try:
        change = _Change(*_settings(call.config))
        results = _transform(call, change)
    except Rejected as refusal:
        results = [error(refusal.message)]
        if call.corrected:
            return failed(call.items, results)
    return done(call.items, results)


@dataclass(slots=True)
class _Change:
    """The namespace to set, which ones it replaces ("" = all), and what was replaced so far."""

    new: str
    matcher: str
    old: set[str] = field(default_factory=set)
    count: int = 0
    results: list[ResultItem] = field(default_factory=list)

    def apply(self, current: str, origin: str, title: str) -> str:
        """The value that a reference gets."""
        current = current or krm.DEFAULT_NAMESPACE
        if current == self.new:
            return current
        if self.matcher and self.matcher == origin:
            self.results.append(info(f"[{title}] has matching origin {origin}"))
        if self.matcher and self.matcher not in (current, origin):
            return current
        self.old.add(current)
        self.count += 1
        return self.new


def _settings(config: Node | None) -> tuple[str, str]:
    """The new namespace and the matcher."""
    if config is None or krm.is_empty(config):
        raise Rejected(f"FunctionConfig is missing. Expect {_EXPECTED}")
    api_version, kind = config.text("apiVersion"), config.text("kind")
    if kind == "ConfigMap" and api_version == "v1":
        new = config.text("data", "namespace")
        if not new and krm.name_of(config) == _PACKAGE_CONTEXT:
            new = config.text("data", "name")
        if not new:
            raise Rejected("`data.namespace` should not be empty")
        return new, config.text("data", "namespaceMatcher")
    if kind == "SetNamespace" and api_version == "fn.kpt.dev/v1alpha1":
        if not config.text("namespace"):
            raise Rejected("`namespace` should not be empty")
        return config.text("namespace"), config.text("namespaceMatcher")
    raise Rejected(
        f"unknown functionConfig Kind={kind} ApiVersion={api_version}, expect {_EXPECTED}"
    )


def _transform(call: BuiltinCall, change: _Change) -> list[ResultItem]:
    items = [item for item in call.items if not krm.is_local_config(item)]
    before = {_identity(item) for item in items if krm.is_namespaced(item)}
    origins, warnings = _origins(items)
    if not change.matcher and len(origins) > 1:
        raise Rejected(
            "unable to use origin `namespace` to match. expect a single upstream namespace, found "
            f"[{' '.join(sorted(origins))}]. please switch to use `namespaceMatcher`to specify the "
            "namespace value you want to change"
        )
    namespaced = {id(item) for item in items if krm.is_namespaced(item)}
    for item in items:
        if id(item) not in namespaced:
            _visit_cluster_scoped(item, change, corrected=call.corrected)
    for item in items:
        if id(item) in namespaced:
            _visit_namespaced(item, change, corrected=call.corrected)
    results = [*warnings, *change.results, _summary(change)]
    return [*results, _depends_on(items, before, change, lists=call.corrected)]


def _origins(items: list[Node]) -> tuple[set[str], list[ResultItem]]:
    """The upstream namespaces of the items, and warnings for those that do not say theirs."""
    origins: set[str] = set()
    warnings: list[ResultItem] = []
    for item in items:
        origin = _origin(item)
        if origin is None:
            warnings.append(warning(f"{krm.short_string(item)} does not have upstream origin."))
        elif krm.is_namespaced(item):
            if origin[0] == krm.NO_NAMESPACE:
                raise Rejected(
                    f"{krm.short_string(item)} is namespace-scoped, but has cluster-scoped or "
                    f"unknown scoepd origin {annotation(item, UPSTREAM_IDENTIFIER)}"
                )
            origins.add(origin[0])
    return origins, warnings


def _origin(item: Node) -> tuple[str, str] | None:
    """Namespace and name of the item in the package it was cloned from."""
    parts = (annotation(item, UPSTREAM_IDENTIFIER) or "").split("|")
    return (parts[2].strip(), parts[3].strip()) if len(parts) == 4 else None


def _visit_cluster_scoped(item: Node, change: _Change, *, corrected: bool) -> None:
    if krm.is_gvk(item, "", "v1", "Namespace"):
        origin = _origin(item)
        name = krm.name_of(item)
        new = change.apply(name, origin[1] if origin else name, krm.short_string(item))
        item.child("metadata").set("name", new)
    elif krm.is_gvk(item, "apiextensions.k8s.io", "v1", "CustomResourceDefinition"):
        _set_service_namespace(item, _CRD_SERVICE, change, create=not corrected)
    elif krm.is_gvk(item, "apiregistration.k8s.io", "v1", "APIService"):
        _set_service_namespace(item, ("spec", "service"), change, create=not corrected)
    elif item.text("kind") == "ClusterRoleBinding":
        _set_subjects(item, change)


def _visit_namespaced(item: Node, change: _Change, *, corrected: bool) -> None:
    if corrected and item.text("kind") == "RoleBinding":
        _set_subjects(item, change)
    current, origin = krm.namespace_of(item), _origin(item)
    source = origin[0] if origin else current or krm.DEFAULT_NAMESPACE
    new = change.apply(current, source, krm.short_string(item))
    if corrected and not current and new == krm.DEFAULT_NAMESPACE != change.new:
        return  # an item that the matcher spares keeps its absent namespace
    item.child("metadata").set("namespace", new)


def _set_service_namespace(
    item: Node, path: tuple[str, ...], change: _Change, *, create: bool
) -> None:
    service = item.at(*path)
    if service is None or not service.is_mapping:
        if not create:
            return
        service = item
        for key in path:
            service = service.child(key)
    service.set("namespace", change.apply(service.text("namespace"), "", ""))


def _set_subjects(item: Node, change: _Change) -> None:
    subjects = item.get("subjects")
    for subject in subjects.content if subjects is not None and subjects.is_sequence else ():
        if subject.get("namespace") is not None:
            subject.set("namespace", change.apply(subject.text("namespace"), "", ""))


def _identity(item: Node) -> str:
    group, _ = krm.group_version(item)
    namespace = krm.effective_namespace(item)
    return f"{group}/namespaces/{namespace}/{item.text('kind')}/{krm.name_of(item)}"


def _depends_on(items: list[Node], before: set[str], change: _Change, *, lists: bool) -> ResultItem:
    old: set[str] = set()
    count = 0
    for item in items:
        value = annotation(item, _DEPENDS_ON)
        if value is None:
            continue
        references = list(_references(value, lists=lists))
        moved = [_moved(reference, before, change) for reference in references]
        changed = [(was, now) for was, now in zip(references, moved, strict=True) if was != now]
        if changed:
            set_annotation(item, _DEPENDS_ON, ",".join(moved))
            old.update(was.strip().split("/")[2] for was, _ in changed)
            count += len(changed)
    if not count:
        return info("all `depends-on` annotations are up-to-date. no `namespace` changed")
    return info(
        f"`depends-on` annotation namespace [{' '.join(sorted(old))}] updated to "
        f'"{change.new}", {count} value(s) changed'
    )


def _references(value: str, *, lists: bool) -> Iterator[str]:
    yield from value.split(",") if lists else (value,)


def _moved(reference: str, before: set[str], change: _Change) -> str:
    stripped = reference.strip()
    if not _NAMESPACED_REFERENCE.match(stripped) or stripped not in before:
        return reference
    parts = stripped.split("/")
    if change.matcher not in ("", parts[2]):
        return reference
    parts[2] = change.new
    return reference.replace(stripped, "/".join(parts))


def _summary(change: _Change) -> ResultItem:
    if not change.count:
        return info(f'all matching namespaces are already "{change.new}". no value changed')
    return info(
        f"namespace [{' '.join(sorted(change.old))}] updated to "
        f'"{change.new}", {change.count} value(s) changed'
    )
