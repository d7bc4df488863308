"""The content store in PackageRevisionResources objects: the default, with nothing else to run.

I/O       the Kubernetes API, one call a method; `peek` reads what the watch last said.
Values    versions are resourceVersions. Each of our writes sets `status.observedGeneration` to the
          generation that it produces, so it raises the generation by exactly one, and notes the
          same number in an annotation, where a metadata-only watch sees it.
Errors    DraftChanged when the object moved, ContentTooLarge before etcd says no, ApiError.
Bounds    heads only are kept in memory, never files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from porch.api.conditions import ConditionType, Reason, find
from porch.api.lifecycle import Lifecycle
from porch.api.meta import Condition, ConditionStatus
from porch.api.packagerevisionresources import Omission, OmittedFile, PackageRevisionResources
from porch.api.wellknown import (
    INLINE_ANNOTATION,
    RENDERED_GENERATION_ANNOTATION,
    REPOSITORY_LABEL,
)
from porch.cache.protocol import (
    ContentTooLarge,
    Draft,
    DraftChanged,
    DraftHead,
    Inline,
    Shown,
    Verdict,
    Withheld,
)
from porch.kpt.content import BlobId, Content, File, FileMode, combine
from porch.runtime.apierrors import AlreadyExists, NotFound, WriteConflict
from porch.runtime.client import Client, Meta, PartialObject
from porch.runtime.managers import NO_MANAGERS, is_applied
from porch.runtime.resources import ObjectKey, Resource

KIND = PackageRevisionResources.KIND
RESOURCES = Resource.of(KIND)

MAX_OBJECT_BYTES = 1 << 20  # of JSON; etcd refuses about 1.5 MB, managed fields included

Json = dict[str, object]

_INLINE = {each.value: each for each in Inline}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrCacheSettings:
    """Limits of the content store in objects. Environment prefix: PORCH_CONTENT_."""

    max_inline_bytes: int = MAX_OBJECT_BYTES  # of one encoded object
    repository_budget_bytes: int = 64 << 20  # of the published files of one repository


class CrCache:
    """PackageCache in PackageRevisionResources objects."""

    def __init__(self, client: Client, settings: CrCacheSettings | None = None) -> None:
        self._client = client
        self._settings = settings or CrCacheSettings()
        self._heard: dict[ObjectKey, _Heard] = {}

    def observed(self, meta: Meta) -> None:
        """Take note of an object's metadata, from the watch or from our own write."""
        known = self._heard.get(meta.key)
        if known is None or int(known.head.version) < int(meta.resource_version):
            self._heard[meta.key] = _Heard(head_of(meta), is_applied=is_applied(meta))

    def gone(self, key: ObjectKey) -> None:
        """Take note that there is no such object."""
        self._heard.pop(key, None)

    def peek(self, namespace: str, name: str) -> DraftHead | None:
        """What was last heard of the object."""
        known = self._heard.get(ObjectKey(namespace, name))
        return known.head if known is not None else None

    async def read(self, namespace: str, name: str) -> Draft | None:
        """The object as etcd has it now."""
        key = ObjectKey(namespace, name)
        try:
            found = await self._client.get(RESOURCES, key, into=_Body)
        except NotFound:
            self.gone(key)
            return None
        self.observed(found.metadata)
        head, status = head_of(found.metadata), found.status
        return Draft(head, found.content, status.lifecycle, _verdict_of(status.conditions))

    async def write(
        self, namespace: str, name: str, content: Content, *, shown: Shown, over: Draft | None
    ) -> Draft:
        """Replace what `over` describes, or create the object."""
        key = ObjectKey(namespace, name)
        self._check_size(key, content)
        generation = over.head.generation + 1 if over else 1
        before = over.content.texts if over else {}
        verdict = _verdict(shown, over.verdict if over else None)
        body: Json = {
            "metadata": {
                **self._metadata(key, over, generation),
                "labels": {REPOSITORY_LABEL: shown.repository},
                "annotations": _annotations(generation, shown.withheld),
            },
            "spec": {
                "packageName": shown.package,
                "workspaceName": shown.workspace,
                "repository": shown.repository,
                "revision": shown.revision,
                "resources": _difference(before, content.texts),
            },
            "status": {
                "observedGeneration": generation,
                "lifecycle": shown.lifecycle,
                "renderStatus": _render_status(shown),
                "omitted": [_omitted(path, file) for path, file in content.carried.items()],
                "conditions": [
                    *([_condition(verdict, shown.error)] if verdict else []),
                    *([_withheld(shown.withheld)] if shown.withheld else []),
                ],
            },
        }
        then = _Then(content, shown.lifecycle, verdict)
        if over is None:
            return await self._create(key, body, then)
        return await self._patch(key, body, then)

    async def mark(
        self, namespace: str, name: str, lifecycle: Lifecycle, *, over: Draft, revision: int = 0
    ) -> Draft:
        """Seal, unseal, or mark as published exactly what `over` describes."""
        if over.lifecycle is lifecycle and lifecycle.is_published:
            return over
        key, generation = ObjectKey(namespace, name), over.head.generation + 1
        body: Json = {
            "metadata": self._metadata(key, over, generation),
            "spec": {"revision": revision},
            "status": {"observedGeneration": generation, "lifecycle": lifecycle},
        }
        return await self._patch(key, body, _Then(over.content, lifecycle, over.verdict))

    async def acknowledge(self, namespace: str, name: str, *, over: Draft) -> Draft:
        """Write the annotation again; metadata alone does not raise the generation."""
        key = ObjectKey(namespace, name)
        body: Json = {"metadata": self._metadata(key, over, over.head.generation)}
        return await self._patch(key, body, _Then(over.content, over.lifecycle, over.verdict))

    async def delete(self, namespace: str, name: str) -> None:
        """Remove the object."""
        key = ObjectKey(namespace, name)
        try:
            await self._client.delete(RESOURCES, key)
        except NotFound:
            self.gone(key)

    async def _create(self, key: ObjectKey, body: Json, then: "_Then") -> Draft:
        body |= {"apiVersion": KIND.api_version, "kind": KIND.kind}
        metadata = {"name": key.name} | _object(body["metadata"])
        annotations = _object(metadata["annotations"])
        set_ = {name: value for name, value in annotations.items() if value is not None}
        body["metadata"] = metadata | {"annotations": set_}
        try:
            made = await self._client.create(
                RESOURCES, body, namespace=key.namespace, into=PartialObject
            )
        except AlreadyExists as err:
            raise DraftChanged(f"PackageRevisionResources {key} was created meanwhile") from err
        self.observed(made.metadata)
        return Draft(head_of(made.metadata), then.content, then.lifecycle, then.verdict)

    async def _patch(self, key: ObjectKey, body: Json, then: "_Then") -> Draft:
        try:
            made = await self._client.patch(RESOURCES, key, body, into=PartialObject)
        except (WriteConflict, NotFound) as err:
            raise DraftChanged(f"PackageRevisionResources {key} changed meanwhile") from err
        self.observed(made.metadata)
        return Draft(head_of(made.metadata), then.content, then.lifecycle, then.verdict)

    def _metadata(self, key: ObjectKey, over: Draft | None, generation: int) -> Json:
        metadata: Json = {"annotations": {RENDERED_GENERATION_ANNOTATION: str(generation)}}
        if over is None:
            return metadata
        metadata["resourceVersion"] = over.head.version
        known = self._heard.get(key)
        if known is not None and not known.is_applied:
            metadata |= NO_MANAGERS
        return metadata

    def _check_size(self, key: ObjectKey, content: Content) -> None:
        size = len(msgspec.json.encode(content.texts))
        if size > self._settings.max_inline_bytes:
            largest = max(content.texts, key=lambda path: len(content.texts[path]))
            raise ContentTooLarge(
                f"the files of {key} must encode to at most {self._settings.max_inline_bytes} "
                f"bytes, found {size}; the largest is {largest!r}. Split the package, or raise "
                "PORCH_CONTENT_MAX_INLINE_BYTES (etcd refuses about 1.5 MB)"
            )


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was last heard of an object's metadata."""

    head: DraftHead
    is_applied: bool  # somebody owns files by server-side apply


@dataclass(frozen=True, slots=True)
class _Then:
    """What is stored once a write has succeeded."""

    content: Content
    lifecycle: Lifecycle | None
    verdict: Verdict | None


class _Spec(msgspec.Struct):
    resources: dict[str, str] | None = None


class _Status(msgspec.Struct):
    lifecycle: Lifecycle | None = None
    omitted: list[OmittedFile] = []
    conditions: list[Condition] = []


class _Body(msgspec.Struct):
    """The parts of the object that the store reads."""

    metadata: Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Status = msgspec.field(default_factory=_Status)

    @property
    def content(self) -> Content:
        texts = self.spec.resources or {}
        carried = {
            each.path: File(BlobId(each.blob), FileMode(each.mode))
            for each in self.status.omitted
            if each.why is not Omission.EXECUTABLE or each.path in texts
        }
        return combine(texts, carried)


def head_of(meta: Meta) -> DraftHead:
    """What metadata alone says of stored content."""
    noted = meta.annotations.get(RENDERED_GENERATION_ANNOTATION, "")
    return DraftHead(
        generation=meta.generation,
        version=meta.resource_version,
        rendered_generation=int(noted) if noted.isdecimal() else None,
        inline=_INLINE.get(meta.annotations.get(INLINE_ANNOTATION, ""), Inline.YES),
    )


def _annotations(generation: int, withheld: Withheld | None) -> dict[str, str | None]:
    inline = withheld.inline.value if withheld is not None else None
    return {RENDERED_GENERATION_ANNOTATION: str(generation), INLINE_ANNOTATION: inline}


def _withheld(withheld: Withheld) -> Condition:
    too_large = withheld.inline is Inline.TOO_LARGE
    return Condition(
        type=ConditionType.INLINE,
        status=ConditionStatus.FALSE,
        reason=Reason.CONTENT_TOO_LARGE if too_large else Reason.NOT_INLINE,
        message=withheld.why,
        last_transition_time=withheld.since,
    )


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """A JSON merge patch (RFC 7396) of the files."""
    changed: dict[str, str | None] = {
        path: text for path, text in after.items() if before.get(path) != text
    }
    return changed | {path: None for path in before if path not in after}


def _verdict(shown: Shown, before: Verdict | None) -> Verdict | None:
    """The verdict that a write shows; its time moves only with the verdict."""
    if shown.rendered_at is None:
        return before
    succeeded = not shown.error
    if before is not None and before.succeeded is succeeded:
        return before
    return Verdict(succeeded, shown.rendered_at)


def _condition(verdict: Verdict, error: str) -> Condition:
    return Condition(
        type=ConditionType.RENDERED,
        status=ConditionStatus.TRUE if verdict.succeeded else ConditionStatus.FALSE,
        reason=Reason.RENDERED if verdict.succeeded else Reason.RENDER_FAILED,
        message=error,
        last_transition_time=verdict.since,
    )


def _verdict_of(conditions: list[Condition]) -> Verdict | None:
    found = find(conditions, ConditionType.RENDERED)
    if found is None:
        return None
    return Verdict(found.status is ConditionStatus.TRUE, found.last_transition_time)


def _render_status(shown: Shown) -> Json:
    result = msgspec.json.decode(shown.results) if shown.results else None
    return {"result": result, "error": shown.error}


def _omitted(path: str, file: File) -> OmittedFile:
    if file.mode is FileMode.SYMLINK:
        why = Omission.SYMLINK
    elif file.text is None:
        why = Omission.BINARY
    else:
        why = Omission.EXECUTABLE
    return OmittedFile(path=path, mode=file.mode, blob=file.blob, why=why)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
