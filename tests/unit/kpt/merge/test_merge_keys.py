"""The marks by which later merges find resources."""

from porch.kpt.content import Content, File, FileMode
from porch.kpt.merge.merge_keys import ensure_merge_keys
from tests.unit.kpt.merge.packages import KPTFILE


def marked(text: str, path: str = "a.yaml") -> str | None:
    return ensure_merge_keys(Content.from_texts({path: text}))[path].text


def resource(metadata: str, comment: str = "") -> str:
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata:{comment}\n{metadata}"


IDENTIFIER = "internal.kpt.dev/upstream-identifier"


def test_a_resource_gets_the_comment_and_the_annotation() -> None:
    """Group and kind are in the annotation only."""
    assert marked(resource("  name: web\n  namespace: shop\n")) == resource(
        f"  name: web\n  namespace: shop\n  annotations:\n    {IDENTIFIER}:"
        " 'apps|Deployment|shop|web'\n",
        comment=" # kpt-merge: shop/web",
    )


def test_no_namespace_is_a_leading_slash_and_default() -> None:
    """In the comment and in the annotation."""
    assert marked("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: example\n") == (
        "apiVersion: v1\nkind: Namespace\nmetadata: # kpt-merge: /example\n  name: example\n"
        f"  annotations:\n    {IDENTIFIER}: '|Namespace|default|example'\n"
    )


def test_the_kptfile_is_marked_too() -> None:
    """Clients of Porch expect it."""
    assert marked(KPTFILE, "sub/Kptfile") == (
        "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: # kpt-merge: /pkg\n  name: pkg\n"
        f"  annotations:\n    {IDENTIFIER}: 'kpt.dev|Kptfile|default|pkg'\n"
    )


def test_a_mark_stays_when_a_resource_is_renamed() -> None:
    """That is what it is for; the annotation follows the comment."""
    text = marked(resource("  name: web\n"))
    assert text is not None
    renamed = text.replace("name: web", "name: mine").replace("default|web", "stale")

    assert marked(renamed) == text.replace("name: web", "name: mine")


def test_another_comment_gives_way() -> None:
    """There is one place for it."""
    text = marked(resource("  name: web\n", comment=" # note"))

    assert text is not None
    assert "metadata: # kpt-merge: /web\n" in text


def test_marked_files_keep_their_bytes() -> None:
    """Marking twice is marking once, and formats nothing."""
    odd = resource(
        f"    name:   web\n    annotations: {{{IDENTIFIER}: apps|Deployment|default|web}}\n",
        comment="  # kpt-merge: /web",
    )

    assert marked(odd) == odd


def test_what_is_no_resource_passes_through() -> None:
    """Bytes, modes and all."""
    content = Content(
        {
            "README.md": File.of(b"# metadata"),
            "bad.yaml": File.of(b"a: ["),
            "anonymous.yaml": File.of(b"kind:   A\nmetadata: {}\n"),
            "list.yaml": File.of(b"-   1\n"),
            "data.json": File.of(b'{"metadata": {"name": "x"}}'),
            "link.yaml": File.of(b"target", FileMode.SYMLINK),
            "binary.yaml": File.of(b"\0\xff"),
        }
    )

    assert ensure_merge_keys(content) == content


def test_labels_alone_are_enough() -> None:
    """Resources with generated names have them."""
    text = marked(resource("  generateName: x\n  labels: {a: b}\n"))

    assert text is not None
    assert "# kpt-merge: /\n" in text


def test_an_executable_file_stays_executable() -> None:
    """Marking changes bytes, not modes."""
    content = Content({"a.yaml": File.of(b"kind: A\nmetadata:\n  name: a\n", FileMode.EXECUTABLE)})

    assert ensure_merge_keys(content)["a.yaml"].mode is FileMode.EXECUTABLE
