"""What holds for every two packages."""

import json

from hypothesis import given

from porch.kpt.content import Content
from porch.kpt.diff.alignment import differing_blocks
from porch.kpt.diff.changes import Change
from porch.kpt.diff.compare import compare
from porch.kpt.diff.report import diff_data
from porch.kpt.diff.unified import unified
from tests.unit.kpt.diff.contents import contents


@given(contents)
def test_a_package_does_not_differ_from_itself(content: Content) -> None:
    """Whatever is in it, and also when its bytes were read a second time."""
    diff = compare(content, Content(dict(content)))

    assert not diff
    assert diff.resources == ()
    assert unified(diff) == ""


@given(contents, contents)
def test_the_changes_of_files_account_for_every_path(before: Content, after: Content) -> None:
    """Applied to the first package they make the second one."""
    files = dict(before)
    diff = compare(before, after)
    for change in diff.files:
        files.pop(change.previous_path or change.path, None)
    for change in diff.files:
        if change.after is not None:
            files[change.path] = change.after

    assert Content(files) == after


@given(contents, contents)
def test_the_way_back_is_the_same_way(before: Content, after: Content) -> None:
    """What is added one way is removed the other way."""
    there, back = compare(before, after).counts(), compare(after, before).counts()

    assert there[Change.ADDED] == back[Change.REMOVED]
    assert there[Change.CHANGED] == back[Change.CHANGED]
    assert there[Change.MOVED] == back[Change.MOVED]


@given(contents, contents)
def test_a_difference_is_json(before: Content, after: Content) -> None:
    """For programs; JSON has no `.nan`."""
    data = diff_data(compare(before, after))

    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_repetition_is_not_searched_for_ever() -> None:
    """A text made to be slow becomes one block."""
    before = [str(number % 150) for number in range(30_000)]
    after = [str(number % 149) for number in range(30_000)]

    assert len(differing_blocks(["x", *before], ["y", *after])) == 1
