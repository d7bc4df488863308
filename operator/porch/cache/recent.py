"""Contents seen lately, by digest: what saves a read or a render, and may be forgotten.

Pure but for its state. Digests never name different content, so nothing here is ever stale.
Bounds    `max_bytes` of file data in all; the least recently used contents go first.
"""

from collections import OrderedDict

from porch.kpt.content import BlobId, Content, Digest, File

DEFAULT_BYTES = 32 << 20


class RecentContents:
    """A bounded memory of contents and of their files."""

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._contents: OrderedDict[Digest, Content] = OrderedDict()
        self._files: dict[BlobId, tuple[File, int]] = {}  # and how many contents hold it

    def keep(self, content: Content) -> None:
        """Remember content and its files."""
        if content.digest in self._contents:
            self._contents.move_to_end(content.digest)
            return
        self._contents[content.digest] = content
        for file in content.values():
            self._hold(file)
        while self._bytes > self._max_bytes and len(self._contents) > 1:
            _, oldest = self._contents.popitem(last=False)
            for file in oldest.values():
                self._drop(file)

    def content(self, digest: Digest) -> Content | None:
        """The content of a digest, if still remembered."""
        found = self._contents.get(digest)
        if found is not None:
            self._contents.move_to_end(digest)
        return found

    def file(self, blob: BlobId) -> File | None:
        """The file of a blob, if still remembered."""
        held = self._files.get(blob)
        return held[0] if held else None

    def _hold(self, file: File) -> None:
        known, count = self._files.get(file.blob, (file, 0))
        self._files[file.blob] = (known, count + 1)
        if count == 0:
            self._bytes += len(file.data or b"")

    def _drop(self, file: File) -> None:
        known, count = self._files[file.blob]
        if count > 1:
            self._files[file.blob] = (known, count - 1)
            return
        del self._files[file.blob]
        self._bytes -= len(known.data or b"")
