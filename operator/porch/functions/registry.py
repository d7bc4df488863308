"""Which images are served by what: the shipped table of built-ins, and FunctionConfigs over it.

Pure. A FunctionConfig with a `goExecutor` states the tags that a built-in serves for its image, in
place of the shipped ones; one with a `binaryExecutor` names an executable. Names are matched whole,
the repository must equal one of the prefixes (an empty list admits any; "" is the default prefix),
tags are compared as text. An image that is pinned by digest is never served by something else, but
for an executable of which the digest is listed among the tags.
Edition   a shipped tag, and any older one, means the catalogue's behaviour; `latest` and newer tags
          the corrected one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from porch.api.functionconfig import FunctionConfigSpec
from porch.functions.builtin.contract import Edition
from porch.functions.images import DEFAULT_PREFIX, LATEST, Image

_SHIPPED_PREFIXES = (
    "",
    DEFAULT_PREFIX,
    "gcr.io/kpt-fn",
)
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-.*)?\Z")


@dataclass(frozen=True, slots=True)
class Port:
    """A built-in: its module, and the tags of the catalogue that behave as it does."""

    module: str
    tags: tuple[str, ...]


def _versions(minor: str, *patches: int) -> tuple[str, ...]:
    """`v0.4`, `v0.4.1`, … as the catalogue tags its releases."""
    return (minor, *(f"{minor}.{patch}" for patch in patches))


# Ports by the name of their image. A tag is here when its release is known to behave as the port
# does, or lies between two that are. All others are left to the runner.
PORTS: Mapping[str, Port] = {
    "apply-replacements": Port("apply_replacements", _versions("v0.1", 1, 2, 3, 4, 5)),
    "apply-setters": Port("apply_setters", _versions("v0.2", 0, 1, 2)),
    "create-setters": Port("create_setters", _versions("v0.1", 0)),
    "delete-annotations": Port("delete_annotations", _versions("v0.1", 0)),
    "ensure-name-substring": Port(
        "ensure_name_substring", (*_versions("v0.1", 1), *_versions("v0.2", 0))
    ),
    "gen-pkg-context": Port("gen_pkg_context", ()),
    "kubeconform": Port("kubeconform", _versions("v0.1", 1, 2, 3)),
    "list-setters": Port("list_setters", _versions("v0.1", 0)),
    "remove-local-config-resources": Port("remove_local_config_resources", _versions("v0.1", 0)),
    "search-replace": Port("search_replace", _versions("v0.2", 0, 1)),
    "set-annotations": Port("set_annotations", _versions("v0.1", 4, 5)),
    "set-enforcement-action": Port("set_enforcement_action", _versions("v0.1", 0)),
    "set-image": Port("set_image", _versions("v0.1", 1, 2)),
    "set-labels": Port("set_labels", (*_versions("v0.1", 5), *_versions("v0.2", 0, 1, 2))),
    "set-name-prefix": Port("set_name_prefix", _versions("v0.1", 0)),
    "set-namespace": Port("set_namespace", _versions("v0.4", 1, 2, 3, 4, 5)),
    "set-project-id": Port("set_project_id", _versions("v0.2", 0, 1)),
    "starlark": Port("starlark", (*_versions("v0.4", 3), *_versions("v0.5", 0, 1, 2, 3, 4, 5))),
    "upsert-resource": Port("upsert_resource", _versions("v0.2", 0, 1)),
}
_IN_PROCESS = "builtins"  # repository of the functions that kpt itself contains


@dataclass(frozen=True, slots=True)
class Served:
    """A built-in and the behaviour that the tag asks for."""

    module: str
    edition: Edition


@dataclass(frozen=True, slots=True)
class _Offer:
    """What serves one image name."""

    prefixes: tuple[str, ...]
    tags: tuple[str, ...]
    target: str  # name of a port, or path of an executable

    def admits(self, image: Image, default_prefix: str) -> bool:
        return self._has_prefix(image, default_prefix) and (
            not image.digest and image.tag in self.tags
        )

    def admits_pinned(self, image: Image, default_prefix: str) -> bool:
        """As `admits`; a digest may be listed among the tags, with or without its algorithm."""
        if not image.digest:
            return self.admits(image, default_prefix)
        digest = {image.digest, image.digest.partition(":")[2]}
        return self._has_prefix(image, default_prefix) and not digest.isdisjoint(self.tags)

    def _has_prefix(self, image: Image, default_prefix: str) -> bool:
        prefixes = [prefix.rstrip("/") or default_prefix for prefix in self.prefixes]
        return not prefixes or image.repository in prefixes


_SHIPPED: Mapping[str, _Offer] = {
    name: _Offer(_SHIPPED_PREFIXES, (LATEST, *port.tags), name) for name, port in PORTS.items()
}


@dataclass(frozen=True, slots=True)
class FunctionRegistry:
    """What is known about images. Build it with `of`."""

    default_prefix: str = DEFAULT_PREFIX
    _ports: Mapping[str, _Offer] = field(default_factory=lambda: _SHIPPED)
    _executables: Mapping[str, _Offer] = field(default_factory=dict)

    @classmethod
    def of(
        cls, configs: Iterable[FunctionConfigSpec] = (), *, default_prefix: str = DEFAULT_PREFIX
    ) -> "FunctionRegistry":
        """The shipped table with FunctionConfigs over it; the last of an image's decides."""
        ports, executables = dict(_SHIPPED), {}
        for config in configs:
            prefixes = tuple(config.prefixes)
            if config.go_executor is not None:
                target = config.go_executor.id or config.image
                ports[config.image] = _Offer(prefixes, tuple(config.go_executor.tags), target)
            if config.binary_executor is not None:
                binary = config.binary_executor
                offer = _Offer(prefixes, tuple(binary.tags), binary.path)
                executables[config.image] = offer
        return cls(default_prefix.rstrip("/"), ports, executables)

    def resolve(self, image: str, *, tag: str = "") -> Image:
        """The full reference of a Kptfile's image."""
        return Image.parse(image, tag=tag, default_prefix=self.default_prefix)

    def builtin(self, image: Image) -> Served | None:
        """The built-in that serves the image; None when there is none."""
        if image.repository == _IN_PROCESS and image.name in PORTS:
            return Served(PORTS[image.name].module, Edition.CATALOGUE)
        offer = self._ports.get(image.name)
        if offer is None or not offer.admits(image, self.default_prefix):
            return None
        port = PORTS.get(offer.target)
        return Served(port.module, edition(port, image.tag)) if port is not None else None

    def executable(self, image: Image) -> str | None:
        """The path of the executable that serves the image; None when there is none."""
        offer = self._executables.get(image.name)
        if offer is None or not offer.admits_pinned(image, self.default_prefix):
            return None
        return offer.target


def edition(port: Port, tag: str) -> Edition:
    """The behaviour that a tag stands for."""
    if tag in port.tags:
        return Edition.CATALOGUE
    version = _version(tag)
    newest = max(filter(None, map(_version, port.tags)), default=None)
    if version is None or newest is None or version > newest:
        return Edition.CORRECTED
    return Edition.CATALOGUE


def _version(tag: str) -> tuple[int, int, int] | None:
    found = _VERSION.match(tag)
    if found is None:
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch
