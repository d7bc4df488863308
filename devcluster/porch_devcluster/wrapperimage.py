"""The image that places the wrapper in the pods of functions, as function_runner/wrapper/Dockerfile
lays it out, made without an engine.
"""

from __future__ import annotations

from porch_devcluster import build
from porch_devcluster.images import File, Image, Link

_PROGRAM = "/home/nonroot/wrapper-server/wrapper-server"


def wrapper_image() -> Image:
    """One static program under three names."""
    files = (
        File(_PROGRAM, build.wrapper().read_bytes(), mode=0o555),
        Link("/home/nonroot/wrapper-server/grpc-health-probe", "wrapper-server"),
        Link("/bin/cp", _PROGRAM),
    )
    return Image(files=files, entrypoint=(_PROGRAM,), user="65532:65532")
