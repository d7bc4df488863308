"""References to function images: how a Kptfile names one, and what it stands for.

Pure. Rules of kpt: a name without a slash gets the default prefix; one without tag and digest means
`:latest`; a `tag` beside the image in the Kptfile replaces the image's own.
Errors: BadImage.
"""

from dataclasses import dataclass, replace
from typing import Self

from porch.errors import Permanent

DEFAULT_PREFIX = "ghcr.io/kptdev/krm-functions-catalog"
LATEST = "latest"


class BadImage(Permanent):
    """An image reference is not one."""

    reason = "BadImage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A resolved reference: `repository/name`, then `:tag` or `@digest` or both."""

    repository: str  # registry and path before the last slash; "" when the default prefix is ""
    name: str
    tag: str  # "" only where there is a digest
    digest: str = ""  # "sha256:<hex>"; "" = not pinned

    @classmethod
    def parse(cls, text: str, *, tag: str = "", default_prefix: str = DEFAULT_PREFIX) -> Self:
        """Resolve a Kptfile's `image` and `tag`."""
        rest, _, digest = text.partition("@")
        repository, slash, last = rest.rpartition("/")
        name, _, own_tag = last.partition(":")
        if not name or (slash and not repository) or text != text.strip():
            raise BadImage(f"function image must be an image reference, found {text!r}")
        return cls(
            repository=repository if slash else default_prefix.rstrip("/"),
            name=name,
            tag=tag or own_tag or ("" if digest else LATEST),
            digest=digest,
        )

    def __str__(self) -> str:
        base = f"{self.repository}/{self.name}" if self.repository else self.name
        return (
            base + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")
        )

    def tagged(self, tag: str) -> Self:
        """The same image at another tag."""
        return replace(self, tag=tag)
