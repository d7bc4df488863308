"""Commands that are killed: what is on disk afterwards, and whether the next one succeeds."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from porch.cli.packages.localpackage import JOURNAL, read_content
from tests.integration.cli.packages import Blueprints, package
from tests.integration.cli.program import start
from tests.unit.cli.commandline import CONFIG_MAP, Porchctl, snapshot

pytestmark = pytest.mark.process

FILES = 100  # enough for the writes to take a while
WITHIN = timedelta(seconds=30)


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look again and again, and say what did not come."""
    deadline = time.monotonic() + WITHIN.total_seconds()
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {WITHIN}"
        time.sleep(0.002)


@pytest.fixture
def stalled_git(tmp_path: Path) -> Path:
    """A git whose fetches wait until a file `go` is there, and say so with a file `stalled`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "git"
    script.write_text(
        "#!/bin/sh\n"
        f'case " $* " in *" fetch "*) touch {programs}/stalled;'
        f" while [ ! -e {programs}/go ]; do sleep 0.02; done;; esac\n"
        f'exec {shutil.which("git")} "$@"\n'
    )
    script.chmod(0o755)
    return programs


@pytest.mark.parametrize("command", ["get", "update"])
def test_killed_while_it_fetches_nothing_has_changed(
    porchctl: Porchctl, blueprints: Blueprints, stalled_git: Path, command: str
) -> None:
    """And the next one waits for the fetch that is left, then does it all."""
    porchctl("pkg", "get", f"{blueprints.url}/web@v1", "shop")
    before = snapshot(Path())
    if command == "get":
        arguments = ["pkg", "get", f"{blueprints.url}/web@v2", "two"]
    else:
        arguments = ["pkg", "update", "shop@v2"]
    killed = start(*arguments, path=stalled_git)
    wait_until((stalled_git / "stalled").exists, "a fetch")
    killed.kill()
    killed.wait()
    after = snapshot(Path())
    (stalled_git / "go").touch()
    again = porchctl(*arguments)

    assert after == before
    assert again.code == 0


def test_interrupted_by_the_keyboard_it_ends_at_once(
    blueprints: Blueprints, workplace: Path, stalled_git: Path
) -> None:
    """Its git ends with it, and nothing is left beside the package."""
    running = start("pkg", "get", f"{blueprints.url}/web@v1", path=stalled_git)
    wait_until((stalled_git / "stalled").exists, "a fetch")
    running.send_signal(2)

    assert running.wait(WITHIN.total_seconds()) == 130
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("moment", ["", "plan.json"])
def test_killed_while_it_writes_the_next_update_does_the_rest(
    porchctl: Porchctl, blueprints: Blueprints, moment: str
) -> None:
    """Either nothing has changed yet, or a complete journal says what will."""
    files = {f"big/{number}.yaml": CONFIG_MAP for number in range(FILES)}
    newer = {path: text.replace("k: v", "k: w") for path, text in files.items()}
    blueprints.publish("big/v1", {"big/Kptfile": package("big"), **files})
    blueprints.publish("big/v2", newer)
    porchctl("pkg", "get", f"{blueprints.url}/big@v1", "shop")
    shutil.copytree("shop", "after")
    porchctl("pkg", "update", "after@v2")
    before, after = read_content("shop").content, read_content("after").content

    running = start("pkg", "update", "shop@v2")
    journal = Path("shop", JOURNAL, moment)
    wait_until(lambda: journal.exists() or running.poll() is not None, "the journal")
    running.kill()
    running.wait()
    is_complete = Path("shop", JOURNAL, "plan.json").exists()
    found = None if is_complete else read_content("shop").content

    assert is_complete or found in (before, after)
    assert porchctl("pkg", "update", "shop@v2").code == 0
    assert read_content("shop").content == after
    assert not Path("shop", JOURNAL).exists()
