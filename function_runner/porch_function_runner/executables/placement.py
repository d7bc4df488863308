"""Which file a FunctionConfig means: one inside of the runner's folder of functions, or none.

I/O       follows links and looks at the file.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Misplaced:
    """There is no such executable."""

    why: str


def program_in(folder: Path, path: str) -> Path | Misplaced:
    """The executable; wherever its path and links lead, it must be inside of the folder.

    The folder itself is resolved.
    """
    program = (folder / path).resolve()
    if not program.is_relative_to(folder):
        return Misplaced(
            f"executable {path!r} must be inside of the runner's folder of functions, {folder}:"
            " put it there, and name it by its path in that folder"
        )
    if not program.is_file() or not os.access(program, os.X_OK):
        return Misplaced(
            f"executable {path!r} must be an executable file in {folder}: put it into the image of"
            " the runner, with mode 0555"
        )
    return program
