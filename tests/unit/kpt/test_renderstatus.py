"""What a render tells of itself, and that nothing else is taken for that."""

import pytest

from porch.kpt.content import Content, File, FileMode
from porch.kpt.renderstatus import differ_in_account_only

HEAD = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: web\n"
STATUS = """\
status:
  conditions:
  - type: Rendered
    status: "True"
    reason: RenderSuccess
  renderStatus:
    mutationSteps:
    - image: set-namespace:v0.4.1
      exitCode: 0
      results:
      - message: {words}
"""


def content(kptfile: str, **others: str) -> Content:
    return Content.from_texts({"Kptfile": kptfile, **others})


FIRST = content(HEAD + STATUS.format(words="1 value changed"), a="a")


@pytest.mark.parametrize(
    "again",
    [content(HEAD + STATUS.format(words="no value changed"), a="a"), content(HEAD, a="a")],
    ids=["other words", "no account"],
)
def test_the_same_package_with_another_account_differs_in_nothing_else(again: Content) -> None:
    """Functions that find their work done say so in other words."""
    assert differ_in_account_only(FIRST, again)


@pytest.mark.parametrize(
    "other",
    [
        FIRST,
        content(HEAD + STATUS.format(words="no value changed"), a="b"),
        content(HEAD + STATUS.format(words="no value changed"), a="a", b="b"),
        content(HEAD.replace("web", "db") + STATUS.format(words="no value changed"), a="a"),
        content(
            HEAD + STATUS.format(words="no value changed").replace("Rendered", "Tested"), a="a"
        ),
        content("a: [", a="a"),
        Content({**FIRST, "Kptfile": File.of(HEAD.encode(), FileMode.EXECUTABLE)}),
    ],
    ids=["nothing", "a file", "one more", "the name", "a condition", "no YAML", "the mode"],
)
def test_whatever_else_differs_is_news(other: Content) -> None:
    """News is never taken for an account, and the same is no difference at all."""
    assert not differ_in_account_only(FIRST, other)
