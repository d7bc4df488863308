"""Where a package comes from, written down; its parts; its links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File, FileMode
from porch.kpt.kptfile import KPTFILE, GitRef, Upstream, UpstreamLock, parse_kptfile
from porch.kpt.links import without_escaping_links
from porch.kpt.provenance import with_provenance
from porch.kpt.subtrees import subtree, with_subtree

PLACE = GitRef("https://h/r.git", "/web", "v1", "0a" * 20)
UPSTREAM = Upstream("git", GitRef("https://h/r.git", "/web", "v1"), "resource-merge")
TEXT = """\
# ours
apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: theirs # a name
info:
  description: d
"""


def text_after(text: str, mode: Compatibility = Compatibility.DEFAULT) -> str:
    """A Kptfile with another name and an upstream."""
    content = with_provenance(
        Content.from_texts({KPTFILE: text}),
        name="mine",
        upstream=UPSTREAM,
        lock=UpstreamLock("git", PLACE),
        mode=mode,
    )
    return content[KPTFILE].text or ""


def test_the_kptfile_keeps_its_comments() -> None:
    """It is edited, not written anew."""
    text = text_after(TEXT)
    kptfile = parse_kptfile(text)

    assert text.startswith("# ours\n")
    assert "name: mine # a name\n" in text
    assert (kptfile.upstream, kptfile.upstream_lock) == (UPSTREAM, UpstreamLock("git", PLACE))


def test_in_the_mode_of_kpt_it_is_written_anew() -> None:
    """As kpt does, which loses them."""
    assert "#" not in text_after(TEXT, Compatibility.KPT)


def test_a_directory_without_a_kptfile_becomes_a_package() -> None:
    """With the name that it was given."""
    content = with_provenance(Content.from_texts({"a.yaml": ""}), name="mine")

    assert parse_kptfile(content[KPTFILE].text or "").name == "mine"


@given(st.dictionaries(st.sampled_from(["a", "d/a", "d/e/a", "dd/a", "d/b"]), st.text("xy")))
def test_a_part_taken_out_and_put_back_changes_nothing(texts: dict[str, str]) -> None:
    """Nor does it touch what only begins with the same letters."""
    content = Content.from_texts(texts)

    assert with_subtree(content, "d", subtree(content, "d")) == content
    assert with_subtree(content, "", subtree(content, "")) == content


@pytest.mark.parametrize(
    ("path", "target", "stays"),
    [
        ("l", "a", True),
        ("d/l", "../a", True),
        ("d/l", "..", True),
        ("l", "missing", True),
        ("l", "..", False),
        ("d/l", "../../a", False),
        ("l", "/etc/passwd", False),
        ("l", "d/../../x", False),
        ("l", "..a", True),
    ],
)
def test_a_link_must_stay_inside(path: str, target: str, stays: bool) -> None:
    """Whether there is something at its end or not."""
    content = Content({path: File.of(target.encode(), FileMode.SYMLINK)})
    found, left_out = without_escaping_links(content)

    assert (path in found, left_out) == (stays, () if stays else (path,))
