"""The text of one package file made of documents.

Pure. A *.json file of one document is JSON with sorted keys, as Go writes it; everything else is
YAML. Errors: BadYaml when aliases expand beyond the limit.
"""

import json
from collections.abc import Sequence
from typing import Final

from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.node import Data
from porch.kpt.yaml.parse import Document

_GO_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def file_text(path: str, documents: Sequence[Document]) -> str:
    """What is written to `path`."""
    if path.endswith(".json") and len(documents) == 1:
        data = _integral(expanded(documents[0].root).to_data())
        text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
        return text.translate(_GO_ESCAPES) + "\n"
    return emit(documents)


def _integral(data: Data) -> Data:
    """Whole floats as integers, which is how Go prints them."""
    if isinstance(data, float) and data.is_integer() and abs(data) < 1e21:
        return int(data)
    if isinstance(data, dict):
        return {key: _integral(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_integral(value) for value in data]
    return data
