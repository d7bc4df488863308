"""Whether render does exactly what kpt does, or what kpt should do.

Pure. KPT reproduces kpt 1.0.0-beta.56 byte for byte. DEFAULT deviates where that one loses or
damages what people wrote, and has what later versions added; docs/reference/kpt-deviations.md
lists each deviation with its reason.
"""

from enum import Enum


class Compatibility(Enum):
    """Which behaviour a render has."""

    KPT = "kpt"
    DEFAULT = "default"
