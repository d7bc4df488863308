"""Generates the code of evaluator.proto, in Python and in Go; `--check` fails on a difference.

The check needs no Go; see `gowire`.
"""

import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]  # it ships no types
from scripts import gowire

SOURCE_ROOT = Path(__file__).resolve().parent.parent / "operator"
FOLDER = Path("porch/functions/wire")
PROTO = FOLDER / "evaluator.proto"
GENERATED = ("evaluator_pb2.py", "evaluator_pb2.pyi")


def main() -> None:
    """Generate, or compare with what is committed."""
    if sys.argv[1:] == ["--check"]:
        if found := [*stale_modules(), *stale_go()]:
            sys.exit(f"{'; '.join(found)}: all must follow evaluator.proto, run `make wire`")
    else:
        generate(SOURCE_ROOT)
        gowire.generate(SOURCE_ROOT, PROTO)


def generate(root: Path) -> None:
    """Write the modules below a source root."""
    code = protoc.main(
        [
            "protoc",
            f"--proto_path={SOURCE_ROOT}",
            f"--python_out={root}",
            f"--pyi_out={root}",
            str(PROTO),
        ]
    )
    if code:
        sys.exit(f"protoc must accept evaluator.proto, found exit code {code}")


def stale_modules() -> list[str]:
    """What differs from modules that are generated now."""
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        return [
            f"{name} differs" for name in GENERATED if not _is_same(Path(fresh) / FOLDER / name)
        ]


def stale_go() -> list[str]:
    """What shows that the wrapper's code was made from another proto."""
    proto = (SOURCE_ROOT / PROTO).read_text()
    messages, service = gowire.MESSAGES.read_text(), gowire.SERVICE.read_text()
    return list(gowire.differences(proto, messages=messages, service=service))


def _is_same(fresh: Path) -> bool:
    committed = SOURCE_ROOT / FOLDER / fresh.name
    return committed.exists() and committed.read_bytes() == fresh.read_bytes()


if __name__ == "__main__":
    main()
