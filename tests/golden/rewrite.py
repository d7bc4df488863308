"""`make golden`: write what we make of each recorded case over what was recorded.

The recordings are kpt's own, so a difference is normally a defect of ours; this is for the day on
which a deviation is decided, and its diff is reviewed like code.
"""

import shutil
from pathlib import Path

from tests.golden import test_golden_merge as merging
from tests.golden import test_golden_render as rendering
from tests.golden.directories import merge_cases, render_cases


def rewrite_render(directory: Path) -> None:
    """One case: its tree, its output and its results."""
    replay = rendering.Replay(directory)
    write_tree(directory / "expected", replay.tree)
    if (directory / "outdir").exists():
        write_tree(directory / "outdir", replay.output_tree)
    texts = {"stdout.txt": replay.stdout, "stderr.txt": replay.stderr}
    for name, text in (texts | {"results.yaml": replay.results}).items():
        if (directory / name).exists():
            (directory / name).write_text(text or "")


def rewrite_merge(directory: Path) -> None:
    """One case that succeeds: its tree, with the commit ids as they were recorded."""
    replay = merging.Replay(directory)
    if replay.error is None:
        write_tree(directory / "expected", merging.as_recorded(replay.result))


def write_tree(directory: Path, files: dict[str, bytes]) -> None:
    """Make a directory hold exactly these files."""
    shutil.rmtree(directory, ignore_errors=True)
    for path, data in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


if __name__ == "__main__":
    for case in render_cases():
        rewrite_render(case)
    for case in merge_cases():
        rewrite_merge(case)
