"""Names of pods and Services, made from references of images.

Pure. A name is `<image name>-<tag>-<hash of the whole reference>-<token>-<number>`: readable,
different for different references, and a DNS-1035 label of 63 characters at most, as the name of a
Service must be, whatever the reference looks like (digests, capitals, underscores, long tags).
"""

import hashlib
import re

from porch.functions.images import Image

LONGEST = 63
_STEM_CHARS = 32
_HASH_CHARS = 8
_TOKEN_CHARS = 8
_NUMBER_CHARS = 9  # of the last part; no pool starts more pods than that
assert _STEM_CHARS + _HASH_CHARS + _TOKEN_CHARS + _NUMBER_CHARS + 3 <= LONGEST  # noqa: S101


def pool_id(image: Image) -> str:
    """What the pods of an image have in common: a short name that no other image has."""
    digest = hashlib.sha256(str(image).encode()).hexdigest()[:_HASH_CHARS]
    version = image.tag or image.digest.rpartition(":")[2][:_HASH_CHARS]
    return f"{_stem(f'{image.name}-{version}')}-{digest}"


def pod_prefix(image: Image, token: bytes) -> str:
    """How the names of the pods of one pool begin; the token is random, and of this pool alone."""
    return f"{pool_id(image)}-{hashlib.sha256(token).hexdigest()[:_TOKEN_CHARS]}-"


def _stem(text: str) -> str:
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower())[:_STEM_CHARS].strip("-")
    return kept if kept[:1].isalpha() else f"fn-{kept}"[:_STEM_CHARS].strip("-")
