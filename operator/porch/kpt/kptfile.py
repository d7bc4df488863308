"""The Kptfile, read: a typed view of what a package declares about itself.

Pure. Strict: an unknown field or a value of the wrong shape is an error with its line. Writing is
done on the node tree (kptfile_edit.py), never from this view, so that comments and order stay.
Errors    NoKptfile, OldKptfile, ForeignKptfile, UnreadableKptfile.
Source    the v1 schema of kpt; validation of the pipeline is in kptfile_validation.py.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from porch.errors import Permanent
from porch.kpt.kptfile_decoding import Decoder, Problem
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

KPTFILE: Final = "Kptfile"
GROUP: Final = "kpt.dev"
API_VERSION: Final = "kpt.dev/v1"
KIND: Final = "Kptfile"

BFS_ANNOTATION: Final = "kpt.dev/bfs-rendering"
SAVE_ON_FAILURE_ANNOTATION: Final = "kpt.dev/save-on-render-failure"

_OLD_VERSIONS: Final = ("v1alpha1", "v1alpha2")


class BadKptfile(Permanent):
    """A Kptfile cannot be used."""

    reason: ClassVar[str] = "BadKptfile"


class NoKptfile(BadKptfile):
    """A package directory has no Kptfile."""

    def __init__(self, package: str) -> None:
        super().__init__(f'No Kptfile found at "{package}".')
        self.package = package


class OldKptfile(BadKptfile):
    """The Kptfile is of a version that kpt has left behind."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"the Kptfile must be of version {API_VERSION!r}, found {version!r}:"
            ' run kpt\'s function "fix" on the package'
        )
        self.version = version


class ForeignKptfile(BadKptfile):
    """A file named Kptfile holds another kind of resource."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(
            f"a Kptfile must be `{API_VERSION}` `{KIND}`, found {api_version!r} {kind!r}"
        )
        self.api_version, self.kind = api_version, kind


class UnreadableKptfile(BadKptfile):
    """The Kptfile is no YAML or does not follow its schema."""

    def __init__(self, problem: str, *, source: str = "", problems: Sequence[Problem] = ()) -> None:
        lines = [f"{source}: {each}" for each in problems or (problem,)] if source else [problem]
        super().__init__("\n".join(lines))
        self.problem = problem
        self.source = source
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which resources a function sees; criteria that are empty match everything."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """One step of a pipeline. `config_map` is None when absent or empty."""

    image: str = ""
    exec: str = ""
    config_path: str = ""
    config_map: Mapping[str, str] | None = None
    name: str = ""
    tag: str = ""
    selectors: tuple[Selector, ...] = ()
    exclude: tuple[Selector, ...] = ()

    @property
    def title(self) -> str:
        """The image or command line, for messages."""
        return self.image or self.exec


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The functions of a package, in order."""

    mutators: tuple[Function, ...] = ()
    validators: tuple[Function, ...] = ()


@dataclass(frozen=True, slots=True)
class GitRef:
    """A place in a git repository; `commit` is "" where only a ref is named."""

    repo: str = ""
    directory: str = ""
    ref: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class GenericLock:
    """A revision in a store other than git."""

    store_id: str = ""
    resource_id: str = ""
    resource_version: str = ""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the package comes from, as wished."""

    type: str = ""
    git: GitRef | None = None
    update_strategy: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamLock:
    """Where the package comes from, as fetched."""

    type: str = ""
    git: GitRef | None = None
    generic: GenericLock | None = None


@dataclass(frozen=True, slots=True)
class Info:
    """What people are told about the package."""

    site: str = ""
    emails: tuple[str, ...] = ()
    license: str = ""
    license_file: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    man: str = ""
    readiness_gates: tuple[str, ...] = ()  # condition types


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact about the package, written by functions, controllers or render."""

    type: str
    status: str  # True, False or Unknown
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Kptfile:
    """All of a Kptfile but `inventory` and `status.renderStatus`, which nothing here reads."""

    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    upstream: Upstream | None = None
    upstream_lock: UpstreamLock | None = None
    info: Info = Info()
    pipeline: Pipeline = Pipeline()
    conditions: tuple[Condition, ...] = ()

    def is_set(self, annotation: str) -> bool:
        """Whether a behaviour annotation is "true", in any case."""
        return self.annotations.get(annotation, "").lower() == "true"


def parse_kptfile(
    text: str, *, source: str = KPTFILE, limits: YamlLimits = DEFAULT_LIMITS
) -> Kptfile:
    """Read the text of a Kptfile."""
    try:
        documents = parse(text, source=source, limits=limits)
    except BadYaml as error:
        raise UnreadableKptfile(str(error)) from error
    if len(documents) != 1:
        raise UnreadableKptfile(
            f"a Kptfile must hold one document, found {len(documents)}", source=source
        )
    return read_kptfile(documents[0].root, source=source)


@functools.lru_cache(maxsize=32)
def recent_kptfile(text: str) -> Kptfile:
    """What `parse_kptfile` says; remembered for those who ask several times about the same text."""
    return parse_kptfile(text)


def read_kptfile(root: Node, *, source: str = KPTFILE) -> Kptfile:
    """Read a Kptfile that was parsed already."""
    _check_type(root)
    decoder = Decoder()
    kptfile = _kptfile(decoder, root)
    if decoder.problems:
        first = str(decoder.problems[0])
        raise UnreadableKptfile(first, source=source, problems=decoder.problems)
    if root.get("metadata") is None:
        raise UnreadableKptfile("missing Resource metadata", source=source)
    return kptfile


def _check_type(root: Node) -> None:
    api_version, kind = root.text("apiVersion"), root.text("kind")
    group, _, version = api_version.partition("/")
    if group == GROUP and kind == KIND and version in _OLD_VERSIONS:
        raise OldKptfile(version)
    if api_version != API_VERSION or kind != KIND:
        raise ForeignKptfile(api_version, kind)


# -- decoding


def _kptfile(decoder: Decoder, root: Node) -> Kptfile:
    top = decoder.struct(
        root, "", ("apiVersion", "kind", "metadata", "upstream", "upstreamLock", "info",
                   "pipeline", "inventory", "status"),
    )  # fmt: skip
    metadata = decoder.struct(
        top.node("metadata"), "metadata", ("name", "namespace", "labels", "annotations")
    )
    inventory = ("namespace", "name", "inventoryID", "labels", "annotations")
    decoder.struct(top.node("inventory"), "inventory", inventory)
    status = decoder.struct(top.node("status"), "status", ("conditions", "renderStatus"))
    return Kptfile(
        name=metadata.text("name"),
        namespace=metadata.text("namespace"),
        labels=metadata.texts("labels"),
        annotations=metadata.texts("annotations"),
        upstream=_upstream(decoder, top.node("upstream")),
        upstream_lock=_upstream_lock(decoder, top.node("upstreamLock")),
        info=_info(decoder, top.node("info")),
        pipeline=_pipeline(decoder, top.node("pipeline")),
        conditions=tuple(
            _condition(decoder, each, f"status.conditions[{number}]")
            for number, each in enumerate(status.nodes("conditions"))
        ),
    )


def _upstream(decoder: Decoder, node: Node | None) -> Upstream | None:
    if node is None:
        return None
    view = decoder.struct(node, "upstream", ("type", "git", "updateStrategy"))
    git = _git(decoder, view.node("git"), "upstream.git", ("repo", "directory", "ref"))
    return Upstream(view.text("type"), git, view.text("updateStrategy"))


def _upstream_lock(decoder: Decoder, node: Node | None) -> UpstreamLock | None:
    if node is None:
        return None
    view = decoder.struct(node, "upstreamLock", ("type", "git", "generic"))
    fields = ("repo", "directory", "ref", "commit")
    git = _git(decoder, view.node("git"), "upstreamLock.git", fields)
    generic = view.node("generic")
    if generic is None:
        return UpstreamLock(view.text("type"), git)
    lock = decoder.struct(
        generic, "upstreamLock.generic", ("storeID", "resourceID", "resourceVersion")
    )
    return UpstreamLock(
        view.text("type"),
        git,
        GenericLock(lock.text("storeID"), lock.text("resourceID"), lock.text("resourceVersion")),
    )


def _git(decoder: Decoder, node: Node | None, path: str, fields: tuple[str, ...]) -> GitRef | None:
    if node is None:
        return None
    view = decoder.struct(node, path, fields)
    commit = view.text("commit") if "commit" in fields else ""
    return GitRef(view.text("repo"), view.text("directory"), view.text("ref"), commit)


def _info(decoder: Decoder, node: Node | None) -> Info:
    view = decoder.struct(
        node, "info", ("site", "emails", "license", "licenseFile", "description", "keywords",
                       "man", "readinessGates"),
    )  # fmt: skip
    gates = (
        decoder.struct(each, f"info.readinessGates[{number}]", ("conditionType",))
        for number, each in enumerate(view.nodes("readinessGates"))
    )
    return Info(
        site=view.text("site"),
        emails=view.text_list("emails"),
        license=view.text("license"),
        license_file=view.text("licenseFile"),
        description=view.text("description"),
        keywords=view.text_list("keywords"),
        man=view.text("man"),
        readiness_gates=tuple(gate.text("conditionType") for gate in gates),
    )


def _pipeline(decoder: Decoder, node: Node | None) -> Pipeline:
    view = decoder.struct(node, "pipeline", ("mutators", "validators"))

    def functions(section: str) -> tuple[Function, ...]:
        return tuple(
            _function(decoder, each, f"pipeline.{section}[{number}]")
            for number, each in enumerate(view.nodes(section))
        )

    return Pipeline(functions("mutators"), functions("validators"))


def _function(decoder: Decoder, node: Node, path: str) -> Function:
    view = decoder.struct(
        node, path, ("image", "exec", "configPath", "configMap", "name", "tag", "selectors",
                     "exclude"),
    )  # fmt: skip

    def selectors(section: str) -> tuple[Selector, ...]:
        return tuple(
            _selector(decoder, each, f"{path}.{section}[{number}]")
            for number, each in enumerate(view.nodes(section))
        )

    return Function(
        image=view.text("image"),
        exec=view.text("exec"),
        config_path=view.text("configPath"),
        config_map=view.texts("configMap") or None,
        name=view.text("name"),
        tag=view.text("tag"),
        selectors=selectors("selectors"),
        exclude=selectors("exclude"),
    )


def _selector(decoder: Decoder, node: Node, path: str) -> Selector:
    view = decoder.struct(
        node, path, ("apiVersion", "kind", "name", "namespace", "labels", "annotations")
    )
    return Selector(
        view.text("apiVersion"),
        view.text("kind"),
        view.text("name"),
        view.text("namespace"),
        view.texts("labels"),
        view.texts("annotations"),
    )


def _condition(decoder: Decoder, node: Node, path: str) -> Condition:
    view = decoder.struct(node, path, ("type", "status", "reason", "message"))
    return Condition(
        view.text("type"), view.text("status"), view.text("reason"), view.text("message")
    )
