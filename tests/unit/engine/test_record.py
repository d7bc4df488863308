"""What a write over rendered content means, decided file by file."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.engine.record import (
    MAX_INPUTS,
    Edited,
    RenderRecord,
    Unchanged,
    changed_inputs,
    generated_paths,
    published_record,
    read_edit,
)
from porch.kpt.content import BlobId, Content, File, FileMode

Texts = dict[str, str]
PATHS = st.sampled_from([f"{name}.yaml" for name in "abcdef"])
# Every value has its own prefix, so that an input, a rendered value and an edit never coincide.
INPUTS = st.dictionaries(PATHS, st.sampled_from(["in 1", "in 2"]), min_size=2)


@st.composite
def renders(draw: st.DrawFn) -> tuple[Content, Content]:
    """An input and what a render made of it: changed, generated and removed files."""
    before = draw(INPUTS)
    fates = {path: draw(st.sampled_from(["kept", "changed", "removed"])) for path in before}
    after = {path: text for path, text in before.items() if fates[path] != "removed"}
    after |= {path: "out" for path in before if fates[path] == "changed"}
    after |= {f"gen-{path}": "generated" for path in draw(st.sets(PATHS, max_size=2))}
    return Content.from_texts(before), Content.from_texts(after)


def record_of(before: Content, after: Content) -> RenderRecord:
    """The record of a successful render."""
    return RenderRecord(
        before.digest,
        after.digest,
        True,
        inputs=changed_inputs(before, after),
        generated=generated_paths(before, after),
    )


def reading(new: Content, before: Content, after: Content) -> Unchanged | Edited:
    """What a write means while everything is remembered."""
    blobs = {file.blob: file for content in (before, after) for file in content.values()}
    return read_edit(new, record_of(before, after), after, blobs.get)


def texts(content: Content, **changes: str | None) -> Content:
    """Content with some files changed, added, or removed by None; `a` names a.yaml."""
    named = {f"{name}.yaml": text for name, text in changes.items()}
    files: Mapping[str, str | None] = content.texts | named
    return Content.from_texts({path: text for path, text in files.items() if text is not None})


@given(renders())
def test_the_same_manifest_applied_again_changes_nothing(render: tuple[Content, Content]) -> None:
    """Server-side apply with force sends exactly the user's files."""
    before, after = render

    assert reading(before, before, after) == Unchanged(after)


@given(renders(), st.data())
def test_any_mixture_of_inputs_and_rendered_files_changes_nothing(
    render: tuple[Content, Content], data: st.DataObject
) -> None:
    """Client-side apply sends the keys that differ from the live object, and leaves the others."""
    before, after = render
    mixed: Texts = {}
    for path in before.keys() | after.keys():
        values = [content.texts[path] for content in (before, after) if path in content]
        if path in before or data.draw(st.booleans()):
            mixed[path] = data.draw(st.sampled_from(values))

    assert reading(Content.from_texts(mixed), before, after) == Unchanged(after)


@given(renders())
def test_an_edit_of_one_rendered_file_keeps_the_inputs_of_all_others(
    render: tuple[Content, Content],
) -> None:
    """Also of files that rendering removed: their absence from what a user saw means nothing."""
    before, after = render
    is_product = any(before.get(path) != file for path, file in after.items())
    path = next(iter(sorted(before.keys() & after.keys())), None)
    if path is None or not is_product:
        return
    rendered_too = [each for each in after if each != path and before.get(each) != after[each]]
    read = reading(Content.from_texts(after.texts | {path: "edited"}), before, after)

    if rendered_too:
        assert read == Edited(Content.from_texts(before.texts | {path: "edited"}))
    else:
        assert isinstance(read, Edited)
        assert read.input.texts[path] == "edited"


@given(renders())
def test_one_file_less_in_the_manifest_removes_that_file_alone(
    render: tuple[Content, Content],
) -> None:
    before, after = render
    path = min(before)
    fewer = Content.from_texts({each: before.texts[each] for each in before if each != path})

    assert reading(fewer, before, after) == Edited(fewer)


@given(renders())
def test_a_new_file_is_an_edit(render: tuple[Content, Content]) -> None:
    before, after = render
    more = Content.from_texts(before.texts | {"new.yaml": "new"})

    assert reading(more, before, after) == Edited(more)


@given(renders())
def test_an_edit_of_a_generated_file_is_an_input_from_then_on(
    render: tuple[Content, Content],
) -> None:
    before, after = render
    for path in generated_paths(before, after):
        read = reading(Content.from_texts(before.texts | {path: "edited"}), before, after)

        assert read == Edited(Content.from_texts(before.texts | {path: "edited"}))


@given(renders())
def test_a_generated_file_that_is_left_out_is_not_removed(
    render: tuple[Content, Content],
) -> None:
    before, after = render
    left_out = {path: text for path, text in after.texts.items() if path in before}
    removed_by_render = before.keys() - after.keys()
    if removed_by_render or not left_out:
        return

    assert reading(Content.from_texts(left_out), before, after) == Unchanged(after)


def test_a_generator_that_rendering_consumes_survives_an_edit_of_another_file() -> None:
    """Otherwise what it generates would go with the user's next edit."""
    before = Content.from_texts({"a.yaml": "a", "generator.yaml": "g"})
    after = Content.from_texts({"a.yaml": "a", "made.yaml": "m"})

    assert reading(texts(after, a="edited"), before, after) == Edited(texts(before, a="edited"))


def test_a_changed_mode_is_an_edit() -> None:
    """The bytes are the same, the file is not."""
    before = Content.from_texts({"run.sh": "x", "a.yaml": "in"})
    after = texts(before, a="out")
    executable = File.of(b"x", FileMode.EXECUTABLE)
    read = reading(Content({**after, "run.sh": executable}), before, after)

    assert isinstance(read, Edited)
    assert read.input["run.sh"] == executable


def test_an_input_that_is_found_by_its_bytes_keeps_the_mode_of_its_own_path() -> None:
    """Another file with the same bytes may be executable."""
    before = Content({"a.yaml": File.of(b"in"), "b.yaml": File.of(b"b")})
    after = texts(before, a="out")

    def find(blob: BlobId) -> File | None:
        return File.of(b"in", FileMode.EXECUTABLE) if blob == before["a.yaml"].blob else None

    read = read_edit(texts(after, b="edited"), record_of(before, after), after, find)

    assert read == Edited(texts(before, b="edited"))


def test_nothing_new_is_seen_without_the_bytes_of_the_inputs() -> None:
    """Ids are enough to see that nothing changed."""
    before = Content.from_texts({"a.yaml": "in", "b.yaml": "b"})
    after = texts(before, a="out")

    assert read_edit(before, record_of(before, after), after, lambda _: None) == Unchanged(after)


@pytest.mark.parametrize("forgotten", ["output", "inputs"])
def test_what_was_forgotten_is_rendered_again_as_it_was_written(forgotten: str) -> None:
    """It ends in the same content."""
    before = Content.from_texts({"a.yaml": "in", "b.yaml": "b"})
    after = texts(before, a="out")
    new = texts(after, b="edited")
    rendered = None if forgotten == "output" else after

    assert read_edit(new, record_of(before, after), rendered, lambda _: None) == Edited(new)


def test_a_write_after_a_failed_render_is_taken_as_it_is() -> None:
    """Nothing was rendered that could be told from it."""
    before = Content.from_texts({"a.yaml": "in"})
    failed = RenderRecord(before.digest, before.digest, False, "failed", {})

    assert read_edit(before, failed, before, lambda _: None) == Edited(before)


def test_a_render_of_too_many_files_is_not_recorded_file_by_file() -> None:
    """The status of an object is bounded; a re-apply is rendered again."""
    before = Content.from_texts({f"{i}.yaml": "in" for i in range(20)})
    many = Content.from_texts({f"{i}.yaml": "out" for i in range(20)})
    more = Content.from_texts(many.texts | {f"gen-{i}": "g" for i in range(MAX_INPUTS - 19)})

    assert changed_inputs(before, many) is not None
    assert changed_inputs(before, more) is None
    assert generated_paths(before, more) == frozenset()
    assert read_edit(before, record_of(before, more), more, lambda _: None) == Edited(before)


def test_a_published_record_keeps_no_more_than_proves_the_content() -> None:
    """Published objects stay small."""
    before = Content.from_texts({"a.yaml": "in"})
    after = Content.from_texts({"a.yaml": "out", "b.yaml": "made"})
    kept = published_record(record_of(before, after))

    assert (kept.input, kept.output, kept.succeeded) == (before.digest, after.digest, True)
    assert (kept.inputs, kept.generated, kept.functions) == (None, frozenset(), ())
