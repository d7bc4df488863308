"""The command line in this process, and packages on disk, for tests of porch.cli."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from porch.cli.main import main

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a # the one\ndata:\n  k: v\n"
TO_SHOP = "image: set-namespace:v0.4.1\n      configMap: {namespace: shop}"


def kptfile(*mutators: str, extra: str = "") -> str:
    """A Kptfile whose pipeline has these mutators, each a step's YAML at indentation 6."""
    steps = "".join(f"    - {mutator}\n" for mutator in mutators)
    pipeline = f"pipeline:\n  mutators:\n{steps}" if steps else ""
    return f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n{extra}{pipeline}"


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A directory with these files."""
    root.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every entry below a directory: its mode, and its bytes or where it links to."""
    found: dict[str, tuple[int, bytes]] = {}
    for path in sorted(root.rglob("*")):
        data = b""
        if path.is_symlink():
            data = os.fsencode(path.readlink())
        elif path.is_file():
            data = path.read_bytes()
        found[path.relative_to(root).as_posix()] = (path.lstat().st_mode, data)
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Porchctl:
    """Runs commands in this process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Ended:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        printed = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, printed.out, printed.err)
