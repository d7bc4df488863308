"""What a plain scalar means: YAML 1.2 core schema, and the words that YAML 1.1 reads otherwise.

Pure. Follows the resolution of go-yaml v3, which every Kubernetes tool shares: `yes`, `on` and `y`
are strings, `0777` is octal, underscores may stand in numbers, dates are timestamps (no string).
"""

import re
from typing import Final, TypeAlias

NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
TRUES: Final = frozenset(("true", "True", "TRUE"))
FALSES: Final = frozenset(("false", "False", "FALSE"))

_INT: Final = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)\Z")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"
    r"|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_TIMESTAMP: Final = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[Tt ]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?\Z"
)
_YAML_1_1: Final = re.compile(
    r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"
    r"|[-+]?(?:0b[0-1_]+|0[0-7_]+|(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)"
    r"|[-+]?(?:[0-9][0-9_]*)?\.[0-9.]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|~|null|Null|NULL|)\Z"
)
_OTHER_THAN_STRING: Final = frozenset("+-.0123456789")

Plain: TypeAlias = bool | int | float | str | None


def is_string(text: str) -> bool:
    """Whether plain `text` is a string in YAML 1.2."""
    if text in NULLS or text in TRUES or text in FALSES or text == "<<":
        return False
    if text[0] not in _OTHER_THAN_STRING:
        return True
    return not (_INT.match(text) or _FLOAT.match(text) or _TIMESTAMP.match(text))


def is_ambiguous(text: str) -> bool:
    """Whether a YAML 1.1 reader takes plain `text` for something else than a string."""
    return _YAML_1_1.match(text) is not None


def resolve(text: str) -> Plain:
    """The value of plain `text`; timestamps stay text."""
    if text in NULLS:
        return None
    if text in TRUES:
        return True
    if text in FALSES:
        return False
    if text[0] not in _OTHER_THAN_STRING:
        return text
    if _INT.match(text):
        return _integer(text)
    if _FLOAT.match(text):
        return _float(text)
    return text


def number_text(number: int | float) -> str:
    """The plain text of a number; whole floats keep a decimal point."""
    if isinstance(number, float) and number.is_integer() and abs(number) < 1e15:
        return f"{number:.1f}"
    if isinstance(number, float) and number != number:
        return ".nan"
    if isinstance(number, float) and number in (float("inf"), float("-inf")):
        return ".inf" if number > 0 else "-.inf"
    return repr(number)


def _integer(text: str) -> int | float | str:
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    try:
        if digits[:1] == "0" and digits.isdigit():
            return sign * int(digits, 8)
        return sign * int(digits, 0)
    except ValueError:
        return float(text) if digits.isdigit() and "_" not in text else text


def _float(text: str) -> float:
    lowered = text.lower()
    if lowered.endswith(("inf", "nan")):
        return float(lowered.replace(".", ""))
    return float(text)
