"""Generates the modules of evaluator.proto, with their types; `--check` fails on a difference."""

import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]  # it ships no types

SOURCE_ROOT = Path(__file__).resolve().parent.parent / "operator"
FOLDER = Path("porch/functions/wire")
GENERATED = ("evaluator_pb2.py", "evaluator_pb2.pyi")


def main() -> None:
    """Generate, or compare with what is committed."""
    if sys.argv[1:] == ["--check"]:
        with tempfile.TemporaryDirectory() as fresh:
            generate(Path(fresh))
            stale = [name for name in GENERATED if not _is_same(Path(fresh) / FOLDER / name)]
        if stale:
            sys.exit(f"{', '.join(stale)} must follow evaluator.proto: python -m scripts.wire")
    else:
        generate(SOURCE_ROOT)


def generate(root: Path) -> None:
    """Write the modules below a source root."""
    code = protoc.main(
        [
            "protoc",
            f"--proto_path={SOURCE_ROOT}",
            f"--python_out={root}",
            f"--pyi_out={root}",
            str(FOLDER / "evaluator.proto"),
        ]
    )
    if code:
        sys.exit(f"protoc must accept evaluator.proto, found exit code {code}")


def _is_same(fresh: Path) -> bool:
    committed = SOURCE_ROOT / FOLDER / fresh.name
    return committed.exists() and committed.read_bytes() == fresh.read_bytes()


if __name__ == "__main__":
    main()
