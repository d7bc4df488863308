"""The text of one package file made of documents.

Pure. A *.json file of one document is JSON with sorted keys; everything else is YAML.
Errors: BadYaml when aliases expand beyond the limit.
"""

import json
from collections.abc import Sequence

from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.emit import emit
from porch.kpt.yaml.parse import Document


def file_text(path: str, documents: Sequence[Document]) -> str:
    """What is written to `path`."""
    if path.endswith(".json") and len(documents) == 1:
        data = expanded(documents[0].root).to_data()
        return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return emit(documents)
