"""YAML text to plain data, for what is only looked at; never used to write a package.

Pure. YAML 1.2 core schema as go-yaml v3 reads it: `yes` and dates are text, `0777` is octal, keys
are text. Duplicate keys are errors.
Errors    BadYaml with source, line and column.
Cost      half of a parse into nodes. yaml-rs does the work; texts in which it and go-yaml differ
          (merge keys, aliases, octal numbers, keys that are no strings) and texts that it refuses
          go through our own parser, which also finds the line of an error.
"""

import re
from typing import Any, Final, cast

import yaml_rs

from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.documents import split
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits
from porch.kpt.yaml.node import Data
from porch.kpt.yaml.parse import parse

_NO_STRING: Final = r"(?:[-+]?[.0-9][^\n,{}\[\]]*|[~:?][^\n]*|(?:true|false|null)\s*):(?:\s|\Z)"
_READ_DIFFERENTLY: Final = re.compile(
    r"<<|(?:^|[\s\[,{:-])[*&]\S"  # merge keys and aliases
    r"|(?:^|[\s\[,{:-])[-+]?(?:0[0-9_]|[0-9]+_)"  # octal numbers, underscores
    rf"|^[ ]*(?:- +)*{_NO_STRING}"  # keys that are no strings
    rf"|[{{,]\s*{_NO_STRING}"
    r"|!|[\ufeff\x00-\x08\x0b-\x1f]",  # tags; what libyaml refuses
    re.MULTILINE | re.IGNORECASE,
)


def read_data(text: str, *, source: str = "", limits: YamlLimits = DEFAULT_LIMITS) -> list[Data]:
    """The data of each document that has content."""
    documents: list[Data] = []
    for chunk in split(text, source=source):
        fast = _fast(chunk.text, limits)
        if fast is not None:
            documents.append(fast)
            continue
        try:
            documents += [
                expanded(document.root, limits=limits).to_data()
                for document in parse(chunk.text, limits=limits)
            ]
        except BadYaml as error:
            raise error.located(source, first_line=chunk.first_line) from error
    return documents


def _fast(text: str, limits: YamlLimits) -> Data:
    """The data, or None when it must be (or may as well be) read the slow way."""
    if len(text) > limits.max_document_chars or _READ_DIFFERENTLY.search(text):
        return None
    try:
        found: Any = yaml_rs.loads(text, parse_datetime=False)  # Any: whatever the text holds
    except (yaml_rs.YAMLDecodeError, UnicodeEncodeError, RecursionError):
        return None
    return cast(Data, found) if isinstance(found, dict) else None
