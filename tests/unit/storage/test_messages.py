"""Commit messages, byte for byte those of the predecessor, and what is read out of old ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.storage.adapter import Task
from porch.storage.git.messages import (
    Annotation,
    annotations,
    approval_message,
    draft_message,
    first_task_of,
    removal_message,
    workspace_of,
)


def test_a_draft_commit_has_two_empty_lines_and_its_task() -> None:
    """Readers parse the line; people compare the bytes."""
    task = Task("init", {"description": "demo package", "keywords": ["a", "b"]})

    assert draft_message("net/vpc", "v1", task) == (
        "Creating new empty revision\n\n\n"
        'kpt:{"package":"net/vpc","workspaceName":"v1","revision":"0","task":{"type":"init",'
        '"init":{"description":"demo package","keywords":["a","b"]}}}\n'
    )


def test_an_approval_has_one_empty_line_the_number_and_no_task() -> None:
    """The workspace in it is how a published revision keeps its name."""
    assert approval_message("net/vpc", "v1", 3) == (
        "Approving package revision net/vpc/3\n\n"
        'kpt:{"package":"net/vpc","workspaceName":"v1","revision":"3"}\n'
    )


def test_a_removal_is_one_line_without_an_end() -> None:
    """It is no revision, so it says nothing to machines."""
    assert removal_message("net/vpc") == "Delete net/vpc"


@pytest.mark.parametrize(
    ("task", "headline"),
    [
        ("init", "Creating new empty revision"),
        ("clone", "Creating new revision by cloning"),
        ("edit", "Creating new revision by copying previous revision"),
        ("upgrade", "Upgrading revision"),
        ("render", "Rendering package"),
        ("push", "Intermediate commit: push"),
    ],
)
def test_the_headline_tells_the_task(task: str, headline: str) -> None:
    """The words of the predecessor."""
    message = draft_message("a", "w", Task(task))

    assert message.splitlines()[0] == headline
    assert message.endswith(f'"revision":"0","task":{{"type":"{task}"}}}}\n')


def test_what_html_would_read_is_escaped_and_other_letters_are_not() -> None:
    """The predecessor's JSON does so."""
    message = draft_message("a", "w", Task("init", {"description": "a<b&c> é\u2028"}))

    assert '"description":"a\\u003cb\\u0026c\\u003e é\\u2028"' in message


@given(description=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_read_back(description: str) -> None:
    """Whatever people write, it stays one line of JSON."""
    task = Task("init", {"description": description})

    found = list(annotations(draft_message("a/b", "w", task)))

    assert found == [Annotation("a/b", "w", "0", {"type": "init", "init": dict(task.body)})]


def test_bad_lines_hide_no_good_ones() -> None:
    """Squashed and hand-written commits are in every old repository."""
    message = (
        "Approve a/v1\n"
        "kpt:{not json\n"
        'kpt:["a"]\n'
        '  kpt: {"package":"a","workspaceName":"w","unknown":1,"revision":1}\n'
        'kpt:{"package":"b"}'
    )

    assert list(annotations(message)) == [
        Annotation("a", "w", ""),
        Annotation("b", "", ""),
    ]
    assert workspace_of(message, "a") == "w"
    assert workspace_of(message, "b") == ""


@pytest.mark.parametrize("kind", ["eval", "patch", "render", "push", None])
def test_only_four_tasks_begin_a_revision(kind: str | None) -> None:
    """The others are steps on the way, some of them of versions long gone."""
    assert first_task_of(Annotation("a", "w", "0", {"type": kind})) is None


def test_a_first_task_has_its_body() -> None:
    """A body that is no mapping is none."""
    task = {"type": "clone", "clone": {"upstreamRef": {}}}

    assert first_task_of(Annotation("a", "w", "0", task)) == Task("clone", {"upstreamRef": {}})
    assert first_task_of(Annotation("a", "w", "0", {"type": "edit", "edit": 1})) == Task("edit")
