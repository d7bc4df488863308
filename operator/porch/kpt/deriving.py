"""What is written into the Kptfile of a package from outside: whose it is, and where it comes from.

Pure. Errors: NoKptfile and the other errors of a Kptfile that cannot be used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from porch.kpt.annotations import UPSTREAM_IDENTIFIER
from porch.kpt.content import Content, File
from porch.kpt.kptfile import (
    GROUP,
    KIND,
    KPTFILE,
    GitRef,
    NoKptfile,
    UnreadableKptfile,
    Upstream,
    UpstreamLock,
    parse_kptfile,
)
from porch.kpt.kptfile_edit import (
    set_annotations,
    set_labels,
    set_package_name,
    set_readiness_gates,
    set_upstream,
    set_upstream_lock,
)
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse


def derived(content: Content, *, name: str, upstream: GitRef) -> Content:
    """The content as package `name`, with the place that it was fetched from as its upstream."""
    place = normal(upstream)

    def edit(root: Node) -> None:
        set_package_name(root, name)
        annotations = root.child("metadata").child("annotations")
        annotations.set(UPSTREAM_IDENTIFIER, f"{GROUP}|{KIND}|default|{name}")
        set_upstream(root, Upstream("git", replace(place, commit="")))
        set_upstream_lock(root, UpstreamLock("git", place))

    return _edited(content, edit)


def marked(content: Content) -> Content:
    """The content with merge keys on every resource.

    The Kptfile at the root is left out: it merges by being the only one, and `derived` has set its
    identifier as Porch writes it.
    """
    resources = Content({path: file for path, file in content.items() if path != KPTFILE})
    return Content(dict(ensure_merge_keys(resources)) | {KPTFILE: content[KPTFILE]})


def with_metadata(
    content: Content,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    gates: Sequence[str],
) -> Content:
    """The content with exactly these labels, annotations and readiness gates in its Kptfile."""

    def edit(root: Node) -> None:
        set_labels(root, labels)
        set_annotations(root, annotations)
        set_readiness_gates(root, gates)

    return _edited(content, edit)


def normal(place: GitRef) -> GitRef:
    """A place as Kptfiles write it: the repository with `.git`, the directory without slashes."""
    repo = place.repo if place.repo.endswith(".git") else place.repo.rstrip("/") + ".git"
    return replace(place, repo=repo, directory=place.directory.strip("/"))


def _edited(content: Content, edit: Callable[[Node], None]) -> Content:
    file = content.get(KPTFILE)
    if file is None:
        raise NoKptfile(".")
    text = file.text
    if text is None:
        raise UnreadableKptfile("a Kptfile must be UTF-8 text, found a symlink or binary data")
    parse_kptfile(text)
    (document,) = parse(text, source=KPTFILE)
    edit(document.root)
    return Content(dict(content) | {KPTFILE: File.of(emit([document]).encode(), file.mode)})
