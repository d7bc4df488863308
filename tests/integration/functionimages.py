"""Images of a function that does as it is told; see tests/images/function/main.go."""

from __future__ import annotations

from pathlib import Path

from porch_devcluster.goprogram import GoProgram, built
from porch_devcluster.images import File, Image

FUNCTION = GoProgram(
    name="function",
    entry="test-function",
    module=Path(__file__).parents[1] / "images" / "function",
    cost="some seconds",
)


def function_image(*behaviour: str) -> Image:
    """An image whose function behaves so: ("pass",), ("sleep", "3s"), ("fail",)…"""
    program = File("/usr/local/bin/function", built(FUNCTION).read_bytes())
    return Image(files=(program,), entrypoint=(f"/{program.path.lstrip('/')}", *behaviour))
