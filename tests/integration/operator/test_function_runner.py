"""Drafts whose functions are not built in: the runner does them; away, it is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from porch_devcluster.api import Object
from porch_devcluster.gitserver.repositories import Repository
from porch_devcluster.gitserver.server import GitServer
from tests.integration.operator.people import CONFIG_MAP, People, condition, is_ready
from tests.integration.operator.running import RunningOperator
from tests.unit.function_runner.program import image, running

pytestmark = pytest.mark.cluster

DRAFT = "packages.web.v1"
FUNCTIONS = {
    "rename": "#!/bin/sh\nsed 's/k: v$/k: w/'\n",
    "refuse": "#!/bin/sh\ncat\nprintf 'results:\\n- {message: no, severity: error}\\n'\nexit 3\n",
}


@pytest.fixture
def url(git_server: GitServer, git_repository: Repository) -> str:
    """Of the test's repository."""
    return git_server.url_of(git_repository)


def test_a_draft_is_rendered_by_the_runner_and_waits_for_it(
    own_operator: RunningOperator,
    people: People,
    url: str,
    tmp_path: Path,
) -> None:
    """Away: it is tried again by itself, and says so. Back: nobody has to do anything."""
    with running(tmp_path, FUNCTIONS) as first:
        port = first.port
        own_operator.environment["PORCH_RUNNER_ADDRESS"] = first.address
        own_operator.start()
        people.register("packages", url)
        people.repository("packages", is_ready)
        people.ready_draft(DRAFT)
        edit(people, image("rename"))
        assert "k: w" in people.files(DRAFT)["cm.yaml"]

        failed = edit(people, image("refuse"))
        render = failed["status"]["render"]
        assert render["functions"][-1]["exitCode"] == 3
        assert "[error]: no" in condition(failed, "Ready")["message"]

    edit_now(people, image("rename"))
    waiting = people.wait(
        DRAFT, lambda obj: condition(obj, "Ready").get("reason") == "FunctionRunnerUnavailable"
    )
    assert condition(waiting, "Reconciling")["status"] == "True"
    assert f"127.0.0.1:{port}" in condition(waiting, "Ready")["message"]

    with running(tmp_path, FUNCTIONS, f"--port={port}"):
        people.ready(DRAFT)
        assert "k: w" in people.files(DRAFT)["cm.yaml"]


def edit_now(people: People, function: str) -> int:
    """Give the draft a file and a pipeline of one function; the generation of the edit."""
    kptfile = people.files(DRAFT)["Kptfile"].partition("pipeline:")[0]
    pipeline = f"pipeline:\n  mutators:\n  - image: {function}\n"
    return people.edit(DRAFT, {"Kptfile": kptfile + pipeline, "cm.yaml": CONFIG_MAP})


def edit(people: People, function: str) -> Object:
    """The draft when the edit has been rendered, or found not to render."""
    return people.rendered(DRAFT, edit_now(people, function))
