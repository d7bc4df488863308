"""Schema files in directories that whoever runs the process admits.

Effects: reads files. A path counts where it leads, links followed; outside of the directories it is
refused before anything is looked at, so that a package cannot ask what there is.
Errors    Rejected.
"""

from dataclasses import dataclass
from pathlib import Path

from porch.functions.builtin.contract import Rejected

_MOST_BYTES = 4 << 20  # of one file; all of Kubernetes' definitions are 1.2 MB


@dataclass(frozen=True, slots=True)
class SchemaDirectories:
    """Reads files below these directories; below none of them by default."""

    directories: tuple[Path, ...] = ()

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none."""
        file = Path(path).resolve()
        if not any(file.is_relative_to(each.resolve()) for each in self.directories):
            raise Rejected(
                f"schema files must be in a directory that is admitted, found {path!r}: "
                "whoever runs this process admits directories with "
                "PORCH_RENDER_SCHEMA_DIRECTORIES"
            )
        try:
            if not file.is_file():
                return None
            with file.open("rb") as opened:
                data = opened.read(_MOST_BYTES + 1)
        except OSError as err:
            raise Rejected(f"schema file {path!r} must be readable: {err.strerror}") from err
        if len(data) > _MOST_BYTES:
            raise Rejected(f"schema file {path!r} must not be larger than {_MOST_BYTES} bytes")
        return data.decode(errors="replace")
