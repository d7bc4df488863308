"""What a node says of itself once it is ready."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One node that runs."""

    init: int  # process number, on the host, of the first process in its namespaces
    registry: str  # HOST:PORT, the same on the host and in the node
    snapshotter: str  # how containerd lays an image's layers over each other

    def write(self, path: Path) -> None:
        """Appear complete, or not at all."""
        aside = path.with_suffix(".new")
        aside.write_text(json.dumps(asdict(self)))
        aside.rename(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        return cls(**json.loads(path.read_text()))
