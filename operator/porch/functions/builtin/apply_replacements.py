"""apply-replacements: copy a field of one resource into fields of others.

Replacements run in order; later ones see what earlier ones did. Each takes a value from exactly one
source and puts it into every field of its targets.
"""

from dataclasses import dataclass

from porch.functions.builtin import krm
from porch.functions.builtin.contract import BuiltinCall, Rejected, done, error, failed
from porch.functions.builtin.label_selector import selects
from porch.functions.builtin.pattern_match import matches_whole
from porch.functions.builtin.replacement_path import FieldFinder, split_path
from porch.functions.sandbox.limits import LimitExceeded, RefusedByChild
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.node import Kind, Node, WrongNode

_KIND = "ApplyReplacements"
_API_VERSION = "fn.kpt.dev/v1alpha1"
_IDENTITY = ("group", "version", "kind", "name", "namespace")
_DEFAULT_PATH = "metadata.name"


def run(call: BuiltinCall) -> FunctionOutput:
    """Apply the configured replacements."""
    try:
        for replacement in _replacements(call.config):
            _Replacing(call).apply(replacement)
    except (Rejected, WrongNode, LimitExceeded, RefusedByChild) as err:
        message = err.message if isinstance(err, Rejected) else str(err)
        return failed(call.items, [error(message)])
    return done(call.items)


def _replacements(config: Node | None) -> list[Node]:
    if config is None or krm.is_empty(config):
        raise Rejected(f"FunctionConfig is missing. Expect `{_KIND}`")
    kind, api_version = config.text("kind"), config.text("apiVersion")
    if (kind, api_version) != (_KIND, _API_VERSION):
        raise Rejected(
            f"received functionConfig of kind {kind} and apiVersion {api_version}, only "
            f"functionConfig of kind {_KIND} and apiVersion {_API_VERSION} is supported"
        )
    return _elements(config, "replacements")


@dataclass(frozen=True, slots=True)
class _Options:
    """How a value is a part of a text: the parts between delimiters, from 0."""

    delimiter: str
    index: int
    create: bool

    @classmethod
    def of(cls, node: Node | None) -> "_Options":
        if node is None:
            return cls("", 0, create=False)
        index = node.text("index") or "0"
        try:
            return cls(node.text("delimiter"), int(index), create=node.text("create") == "true")
        except ValueError as err:
            raise Rejected(f"`options.index` must be a number, found {index!r}") from err


class _Replacing:
    """One call's items, and how their fields are found."""

    def __init__(self, call: BuiltinCall) -> None:
        self._items = call.items
        self._untrusted = call.untrusted
        self._finder = FieldFinder(call.untrusted, exact=call.corrected)

    def apply(self, replacement: Node) -> None:
        """Copy one value to its targets."""
        targets = _elements(replacement, "targets")
        value = self._value(replacement, has_targets=bool(targets))
        for target in targets:
            select = target.get("select")
            if select is None:
                raise Rejected("target must specify resources to select")
            rejected = {
                id(item)
                for selector in _elements(target, "reject")
                for item in self._matching(selector)
            }
            for item in self._matching(select):
                if id(item) not in rejected:
                    self._put(item, target, value)

    def _value(self, replacement: Node, *, has_targets: bool) -> Node:
        source, given = replacement.get("source"), replacement.get("sourceValue")
        if not has_targets or (source is None and given is None):
            raise Rejected("replacements must specify a source and at least one target")
        if given is not None and source is None:
            return given
        assert source is not None  # noqa: S101 - one of the two is there
        item = self._source(source)
        path = source.text("fieldPath") or _DEFAULT_PATH
        found = self._finder.find(item, split_path(path))
        if not found:
            raise Rejected(f"fieldPath `{path}` is missing for replacement source {_id_of(item)}")
        return _part_of(found[0], _Options.of(source.get("options")))

    def _source(self, source: Node) -> Node:
        wanted = {key: source.text(key) for key in _IDENTITY if source.text(key)}
        found = [
            item
            for item in self._items
            if all(_identity(item)[key] == text for key, text in wanted.items())
        ]
        if not found:
            raise Rejected(f"nothing selected by {_selector_text(source)}")
        if len(found) > 1:
            raise Rejected(f"multiple matches for selector {_selector_text(source)}")
        return found[0]

    def _matching(self, selector: Node) -> list[Node]:
        """The items that a selector of patterns and labels admits."""
        items = self._items
        for key in _IDENTITY:
            pattern = selector.text(key)
            if pattern:
                texts = [_identity(item)[key] for item in items]
                flags = matches_whole(pattern, texts, self._untrusted)
                items = [item for item, is_match in zip(items, flags, strict=True) if is_match]
        for field, selector_field in (
            ("labels", "labelSelector"),
            ("annotations", "annotationSelector"),
        ):
            text = selector.text(selector_field)
            if text:
                items = [item for item in items if selects(text, _texts(item, field))]
        return items

    def _put(self, item: Node, target: Node, value: Node) -> None:
        options = _Options.of(target.get("options"))
        paths = [node.value for node in _elements(target, "fieldPaths")] or [_DEFAULT_PATH]
        for path in paths:
            parts = split_path(path)
            if options.create:
                fields = self._finder.find_or_create(item, parts, value.kind)
                if not fields:
                    raise Rejected(f"unable to find or create field {path!r}")
            else:
                fields = self._finder.find(item, parts)
                if not fields:
                    raise Rejected(f'unable to find field "{path}" in replacement target')
            for field in fields:
                _write(field, value, options)


def _elements(node: Node, key: str) -> list[Node]:
    found = node.get(key)
    return found.content if found is not None and found.is_sequence else []


def _identity(item: Node) -> dict[str, str]:
    group, version = krm.group_version(item)
    texts = (group, version, item.text("kind"), krm.name_of(item), krm.namespace_of(item))
    return dict(zip(_IDENTITY, texts, strict=True))


def _id_of(item: Node) -> str:
    """Kustomize's text of an item: `kind.version.group/name.namespace`."""
    found = _identity(item)
    kind = ".".join(found[key] or f"[no{key.capitalize()}]" for key in ("kind", "version", "group"))
    namespace = found["namespace"] or "[noNs]"
    return f"{kind.replace('[noGroup]', '[noGrp]')}/{found['name']}.{namespace}"


def _selector_text(selector: Node) -> str:
    """A source's selector in kustomize's words: what is given, in its order, joined by colons."""
    fields = (*_IDENTITY[:3], "name", "namespace", "fieldPath")
    return ":".join(selector.text(key) for key in fields if selector.text(key))


def _texts(item: Node, field: str) -> dict[str, str]:
    found = item.at("metadata", field)
    return {key.value: value.value for key, value in found.items()} if found is not None else {}


def _part_of(node: Node, options: _Options) -> Node:
    """The source's value, or the part of it that the options name."""
    if not options.delimiter:
        return node
    if not node.is_scalar:
        raise Rejected("delimiter option can only be used with scalar nodes")
    parts = node.value.split(options.delimiter)
    if not 0 <= options.index < len(parts):
        raise Rejected(f"options.index {options.index} is out of bounds for value {node.value}")
    part = node.clone()
    part.value = parts[options.index]
    return part


def _write(field: Node, value: Node, options: _Options) -> None:
    if options.delimiter:
        if not field.is_scalar or not value.is_scalar:
            raise Rejected("delimiter option can only be used with scalar nodes")
        field.value = _spliced(field.value, value.value, options)
    elif field.kind is Kind.SCALAR and value.kind is Kind.SCALAR:
        field.value = value.value
    else:
        field.put(value.clone())


def _spliced(text: str, value: str, options: _Options) -> str:
    parts = text.split(options.delimiter)
    if options.index < 0:
        parts.insert(0, value)
    elif options.index >= len(parts):
        parts.append(value)
    else:
        parts[options.index] = value
    return options.delimiter.join(parts)
