"""Directory trees and golden cases as values, for the golden tests only."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


def golden_root() -> Path:
    """Where the cases are: the directory named by PORCH_GOLDEN_DIR, else the ones kept here."""
    return Path(os.environ.get("PORCH_GOLDEN_DIR") or HERE)


def read_tree(directory: Path) -> dict[str, bytes]:
    """All files below `directory`, by POSIX path; empty when it does not exist."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@dataclass(frozen=True, slots=True)
class RenderCase:
    """One recorded run of `kpt fn render`."""

    directory: Path
    command: tuple[str, ...]
    exit_code: int

    @classmethod
    def read(cls, directory: Path) -> "RenderCase":
        facts = json.loads((directory / "case.json").read_text())
        return cls(directory, tuple(facts["command"].split()), facts["exitCode"])

    @property
    def output(self) -> str:
        """The value of `-o`; "" for a render in place."""
        return self.command[self.command.index("-o") + 1] if "-o" in self.command else ""

    def text(self, name: str) -> str | None:
        """One of the recorded texts; None when the case has none."""
        path = self.directory / name
        return path.read_text() if path.exists() else None


def render_cases() -> list[Path]:
    """The directories of all render cases."""
    return sorted(path.parent for path in (golden_root() / "render").glob("*/case.json"))


def merge_cases() -> list[Path]:
    """The directories of all merge cases."""
    return sorted(path.parent for path in (golden_root() / "merge").glob("*/case.json"))
