"""Labels, annotations and readiness gates of a package: in its Kptfile and in `spec` alike. Pure.

People edit either. Both said the same when the content was last rendered, which is remembered as a
digest, so it can be told who has changed since: what the spec changed is written into the Kptfile,
what the Kptfile changed into the spec, and where both changed the spec adds to the Kptfile.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from porch.kpt.content import Content
from porch.kpt.deriving import with_metadata
from porch.kpt.kptfile import KPTFILE, BadKptfile, Kptfile, recent_kptfile

_TRUE = "True"


@dataclass(frozen=True)
class PackageFacts:
    """What both sides say of the package."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[str, ...] = ()  # condition types, in order

    @cached_property
    def digest(self) -> str:
        """Tells two facts apart, in 16 hex digits; labels and annotations have no order."""
        text = msgspec.json.encode(
            [sorted(self.labels.items()), sorted(self.annotations.items()), self.gates]
        )
        return hashlib.sha1(text, usedforsecurity=False).hexdigest()[:16]

    def added_to(self, other: "PackageFacts") -> "PackageFacts":
        """The facts of both; ours count where they differ."""
        return PackageFacts(
            {**other.labels, **self.labels},
            {**other.annotations, **self.annotations},
            tuple(dict.fromkeys((*other.gates, *self.gates))),
        )


NOTHING_SAID = PackageFacts()


def facts_of(content: Content) -> PackageFacts | None:
    """What the Kptfile says; None when it cannot be read, which the render tells."""
    kptfile = _kptfile(content)
    if kptfile is None:
        return None
    return PackageFacts(kptfile.labels, kptfile.annotations, kptfile.info.readiness_gates)


def settled(
    wish: PackageFacts, kptfile: PackageFacts, *, known: str | None, is_same_file: bool
) -> PackageFacts:
    """What both sides shall say.

    `known` is the digest of what both said last, None when they never did. `is_same_file` says
    that the Kptfile is the one that was rendered then, before or after the render.
    """
    if known is not None and (is_same_file or kptfile.digest == known):
        return wish
    if known is not None and wish.digest == known:
        return kptfile
    return wish.added_to(kptfile)


def with_facts(content: Content, facts: PackageFacts) -> Content:
    """The content with a Kptfile that says these facts."""
    return with_metadata(
        content, labels=facts.labels, annotations=facts.annotations, gates=facts.gates
    )


def unmet_gates(content: Content) -> tuple[str, ...]:
    """The gates of a package that are not met, in order."""
    kptfile = _kptfile(content)
    if kptfile is None:
        return ()
    met = {each.type for each in kptfile.conditions if each.status == _TRUE}
    return tuple(each for each in kptfile.info.readiness_gates if each not in met)


def _kptfile(content: Content) -> Kptfile | None:
    text = content.texts.get(KPTFILE)
    if text is None:
        return None
    try:
        return recent_kptfile(text)
    except BadKptfile:
        return None
