"""How large YAML may be. Pure. Sizes are characters of text, depth is nesting of collections."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlLimits:
    """Bounds that a reader checks before memory or the stack would."""

    max_document_chars: int = 4 * 1024 * 1024  # one document; etcd holds about 1.5 MB
    max_depth: int = 100  # deepest real manifest seen: 40 (a schema inside of a schema)
    max_expanded_nodes: int = 200_000  # after aliases were replaced by what they name


DEFAULT_LIMITS = YamlLimits()
