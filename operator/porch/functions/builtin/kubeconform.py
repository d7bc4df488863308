"""kubeconform: check resources against the schemas of their kinds.

Schemas of Kubernetes' own kinds are built in; those of custom resources come from the
CustomResourceDefinitions among the items. Nothing is fetched, and nothing is changed.

CATALOGUE  fields are told as `spec.list.0.field`; given locations stand alone; settings that are
           unknown or no booleans are overlooked; only Kptfiles are never checked.
CORRECTED  fields are told as `spec.list[0].field`; `additional_schema_locations` alone add to the
           built-in schemas; a setting that means nothing is an error; local configuration, which
           is never applied, is not checked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from porch.functions.builtin import krm
from porch.functions.builtin.contract import (
    BuiltinCall,
    Rejected,
    SchemaFiles,
    done,
    error,
    failed,
    file_of,
)
from porch.functions.builtin.field_path import below, element
from porch.functions.schemas import crd, kubernetes, location
from porch.functions.schemas.checker import BadSchema, Checker, Problem
from porch.functions.schemas.kubernetes import Kind
from porch.kpt.evaluate import FieldRef, FunctionOutput, ResourceRef, ResultItem, Severity
from porch.kpt.yaml.aliases import plain_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.node import Data, Node, Path

_STRICT, _IGNORE_MISSING = "strict", "ignore_missing_schemas"
_LOCATION, _MORE_LOCATIONS = "schema_location", "additional_schema_locations"
_SKIP = "skip_kinds"
_KEYS = (_STRICT, _IGNORE_MISSING, _LOCATION, _MORE_LOCATIONS, _SKIP)
_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


def run(call: BuiltinCall) -> FunctionOutput:
    """Check the items."""
    try:
        settings = _settings(call)
        schemas = _Schemas(settings, call.schema_files, _defined(call.items))
        written = _bracketed if call.corrected else _dotted
        results = [
            _result(item, problem, written)
            for item in call.items
            if not _is_skipped(item, settings, call)
            for problem in schemas.problems(item)
        ]
    except Rejected as refusal:
        return failed(call.items, [error(refusal.message)])
    return failed(call.items, results) if results else done(call.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """What to check, and by which schemas."""

    strict: bool  # whether a field that the schema does not name is a problem
    ignores_missing: bool
    skipped: frozenset[str]  # `Kind` or `group/version/Kind`
    locations: tuple[str, ...]  # templates of paths, or `default`, in order


def _settings(call: BuiltinCall) -> _Settings:
    config = call.config or Node.mapping()
    data = config.get("data") or Node.mapping()
    unknown = [key for key in data.keys() if key not in _KEYS]  # noqa: SIM118 - a node is no dict
    if call.corrected and unknown:
        raise Rejected(f"`data` must have keys of {', '.join(_KEYS)}, found {unknown[0]!r}")
    return _Settings(
        strict=_flag(config, _STRICT, call),
        ignores_missing=_flag(config, _IGNORE_MISSING, call),
        skipped=frozenset(_listed(config, _SKIP)),
        locations=tuple(_locations(config, call)),
    )


def _text(config: Node, key: str) -> str:
    return config.text(key) or config.text("data", key)


def _flag(config: Node, key: str, call: BuiltinCall) -> bool:
    text = _text(config, key).lower()
    if call.corrected and text not in (*_TRUE, *_FALSE):
        raise Rejected(f'`data.{key}` must be "true" or "false", found {text!r}')
    return text in _TRUE


def _listed(config: Node, key: str) -> list[str]:
    return [part.strip() for part in _text(config, key).split(",") if part.strip()]


def _locations(config: Node, call: BuiltinCall) -> Iterator[str]:
    first, more = _text(config, _LOCATION), _listed(config, _MORE_LOCATIONS)
    if not first and (call.corrected or not more):
        first = location.DEFAULT
    for each in [first, *more] if first else more:
        yield each if each == location.DEFAULT else location.template_of(each)


def _kind_of(item: Node) -> Kind:
    return Kind(*krm.group_version(item), item.text("kind"))


def _is_skipped(item: Node, settings: _Settings, call: BuiltinCall) -> bool:
    kind = _kind_of(item)
    is_for_tools = krm.is_kptfile(item) or (call.corrected and krm.is_local_config(item))
    return is_for_tools or not settings.skipped.isdisjoint((kind.kind, str(kind)))


def _defined(items: list[Node]) -> dict[Kind, Data]:
    """The OpenAPI schemas of the kinds that the items define."""
    found: dict[Kind, Data] = {}
    for item in items:
        if crd.is_definition(_kind_of(item)):
            try:
                found.update(crd.defined(plain_data(item)))
            except BadYaml:
                continue  # it is told when the item is checked
    return found


@dataclass(slots=True)
class _Schemas:
    """The schemas that count in one call."""

    settings: _Settings
    files: SchemaFiles
    defined: dict[Kind, Data]
    _known: dict[Kind, Checker | None] = field(default_factory=dict)

    def problems(self, item: Node) -> list[Problem]:
        """What is wrong with an item."""
        kind = _kind_of(item)
        try:
            checker = self._checker(kind)
            if checker is not None:
                return checker.problems(plain_data(item))
        except (BadSchema, BadYaml) as err:
            return [Problem((), str(err))]
        if self.settings.ignores_missing:
            return []
        return [Problem((), _missing(kind))]

    def _checker(self, kind: Kind) -> Checker | None:
        if kind not in self._known:
            self._known[kind] = self._found(kind)
        return self._known[kind]

    def _found(self, kind: Kind) -> Checker | None:
        strict = self.settings.strict
        if kind in self.defined:
            return crd.checker(kind, self.defined[kind], strict=strict)
        for each in self.settings.locations:
            if each == location.DEFAULT:
                found = kubernetes.checker(kind, strict=strict)
            else:
                found = location.checker(each, kind, self.files, strict=strict)
            if found is not None:
                return found
        return None


def _missing(kind: Kind) -> str:
    return (
        f"could not find schema for {kind.kind}: {kind} is not a kind of Kubernetes "
        f"{kubernetes.version()} or of a given location, and no CustomResourceDefinition of the "
        f"package defines it; `{_SKIP}` and `{_IGNORE_MISSING}` leave it out"
    )


def _result(item: Node, problem: Problem, written: Callable[[Path], str]) -> ResultItem:
    path = written(problem.path)
    return ResultItem(
        message=problem.message,
        severity=Severity.ERROR,
        resource=ResourceRef(
            api_version=item.text("apiVersion"),
            kind=item.text("kind"),
            namespace=krm.namespace_of(item),
            name=krm.name_of(item),
        ),
        field=FieldRef(path=path) if path else None,
        file=file_of(item),
    )


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _bracketed(path: Path) -> str:
    text = ""
    for step in path:
        text = below(text, step) if isinstance(step, str) else element(text, step)
    return text
