"""What mode KPT is beyond the recordings: conflicts, errors with their places, other strategies."""

from functools import partial

import pytest

from porch.kpt.compatibility import Compatibility
from porch.kpt.content import Content, File, FileMode
from porch.kpt.kptfile import UnreadableKptfile
from porch.kpt.merge.conflicts import Taken
from porch.kpt.merge.documents import DuplicateResource
from porch.kpt.merge.exact.sources import Unmergeable
from porch.kpt.merge.merge_keys import ensure_merge_keys
from porch.kpt.merge.replacement import LocalChanges
from porch.kpt.merge.upgrade import NotAPackage, Strategy, Upgraded, upgrade
from porch.kpt.yaml.errors import BadYaml
from tests.unit.kpt.merge.packages import (
    KPTFILE,
    config_map,
    deployment,
    kptfile,
    package,
)
from tests.unit.kpt.merge.packages import (
    upgraded as default_upgraded,
)

KPT = Compatibility.KPT
A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 5}")


upgraded = partial(default_upgraded, mode=KPT)


def told(result: Upgraded) -> list[tuple[str, str, Taken]]:
    return [(each.path, each.field, each.taken) for each in result.conflicts]


def test_conflicts_are_told_as_in_the_default() -> None:
    """kpt itself tells nobody; what it takes is upstream's."""
    assert told(upgraded({"a.yaml": A}, {"a.yaml": A2}, {"a.yaml": MINE})) == [
        ("a.yaml", "data.x", Taken.UPDATED)
    ]
    assert told(upgraded({"a.yaml": A}, {}, {"a.yaml": MINE})) == [("a.yaml", "", Taken.LOCAL)]
    assert told(upgraded({"a.yaml": A}, {"a.yaml": A2}, {})) == [("a.yaml", "", Taken.LOCAL)]
    assert told(upgraded({"f": "1"}, {"f": "2"}, {"f": "5"})) == [("f", "", Taken.LOCAL)]
    assert told(upgraded({"f": "1"}, {"f": "2"}, {})) == [("f", "", Taken.UPDATED)]


def test_conflicts_of_kptfiles_and_elements_are_upstreams() -> None:
    """An element that upstream removed goes, whatever local made of it."""
    sides = [{"Kptfile": kptfile(f"info:\n  site: {site}\n")} for site in ("a", "b", "c")]

    assert told(upgraded(*sides)) == [("Kptfile", "info.site", Taken.UPDATED)]

    pods = ("{name: m}, {name: s, image: i:1}", "{name: m}", "{name: m}, {name: s, image: i:5}")
    sides = [{"a.yaml": deployment(f"{{containers: [{each}]}}")} for each in pods]

    assert told(upgraded(*sides)) == [
        ("a.yaml", "spec.template.spec.containers[name=s]", Taken.UPDATED)
    ]


def test_conflicts_in_sub_packages_have_their_whole_path() -> None:
    """People look from the root."""
    sides = [{"sub/Kptfile": KPTFILE, "sub/a.yaml": text, "sub/f": text} for text in (A, A2, MINE)]

    assert told(upgraded(*sides)) == [
        ("sub/a.yaml", "data.x", Taken.UPDATED),
        ("sub/f", "", Taken.LOCAL),
    ]


def test_errors_name_file_and_line() -> None:
    """Also where kpt's own words do not."""
    kinds = [{"a.yaml": config_map(data)} for data in ("{x: {}}", "{x: 2}", "{x: {}}")]
    with pytest.raises(Unmergeable, match=r"^a.yaml: line 5: a value must be of one kind"):
        upgraded(*kinds)

    with pytest.raises(DuplicateResource, match=r"^updated a.yaml: line 7: "):
        upgraded({"a.yaml": A}, {"a.yaml": f"{A}---\n{A2}"}, {"a.yaml": A})

    with pytest.raises(BadYaml, match=r"^sub/a.yaml: line 2"):
        upgraded({}, {}, {"sub/a.yaml": "a: ["})

    with pytest.raises(UnreadableKptfile, match=r"^Kptfile: line 5: field future not found"):
        upgraded({}, {}, {"Kptfile": kptfile("future: 1\n")})


def test_selectors_of_which_only_some_have_names_are_refused() -> None:
    """kpt guesses that `name` is their key, and then finds that it is not."""
    start = "pipeline:\n  mutators:\n    - image: f:v1\n      selectors:\n        - "
    sides = [
        {"Kptfile": kptfile(f"{start}{selector}\n")}
        for selector in ("kind: A", "kind: B", "name: a")
    ]

    with pytest.raises(Unmergeable, match=r"^Kptfile: line 9: ") as caught:
        upgraded(*sides)

    assert caught.value.in_kpt == "conflicting merge keys [name,] for field selectors"


def test_local_must_be_a_package() -> None:
    """Updated need not: what it said in its Kptfile is then removed."""
    with pytest.raises(NotAPackage, match="local must be a package"):
        upgrade(package({}), package({}), Content({}), strategy=Strategy.RESOURCE_MERGE, mode=KPT)

    assert upgrade(
        package({}), Content({}), package({}), strategy=Strategy.RESOURCE_MERGE, mode=KPT
    ).content == package({})


def test_fast_forward_compares_what_files_say() -> None:
    """Layout is no change, but comments are; so is any byte of a file that is no YAML."""
    laid_out = A.replace("name: a", "name:   a")
    result = upgraded(
        {"a.yaml": A}, {"a.yaml": A2}, {"a.yaml": laid_out}, strategy=Strategy.FAST_FORWARD
    )

    assert result.content == package({"a.yaml": A2})

    original = {"a.yaml": A, "sub/Kptfile": KPTFILE, "sub/f": "a: ["}
    local = original | {"a.yaml": A + "# note\n", "sub/f": "a: [ "}
    with pytest.raises(LocalChanges) as caught:
        upgraded(original, {"a.yaml": A2}, local, strategy=Strategy.FAST_FORWARD)

    assert caught.value.paths == ("a.yaml", "sub/f")


def test_a_kptfile_that_the_clone_made_is_no_change() -> None:
    """The original need not be a package; anything else in the Kptfile is a change."""
    original, updated = Content({}), package({"a.yaml": A})
    local = package({"Kptfile": kptfile("upstream:\n  type: git\n")})

    def run(local: Content) -> Content:
        return upgrade(original, updated, local, strategy=Strategy.FAST_FORWARD, mode=KPT).content

    assert set(run(local)) == {"Kptfile", "a.yaml"}
    with pytest.raises(LocalChanges):
        run(package({"Kptfile": kptfile("info:\n  site: s\n")}))


def test_force_delete_replace_goes_through_sub_packages_without_upstream() -> None:
    """The others, and the root Kptfile, stay as they are."""
    remote = {"remote/Kptfile": kptfile("upstream:\n  type: git\n"), "remote/a.yaml": MINE}
    local = {"Kptfile": kptfile("info: {site: s}\n"), "mine": "1", **remote}
    local |= {"sub/Kptfile": KPTFILE, "sub/mine": "1", "gone/Kptfile": KPTFILE, "gone/f": "1"}
    updated = {"a.yaml": A, "sub/Kptfile": KPTFILE, "sub/new": "2"}
    result = upgraded({}, updated, local, strategy=Strategy.FORCE_DELETE_REPLACE)

    assert result.content == package(updated | remote | {"Kptfile": local["Kptfile"]})


def test_copy_merge_is_that_of_later_versions() -> None:
    """beta.56 has none."""
    result = upgraded(
        {"a.yaml": A, "gone": "1"},
        {"a.yaml": A2, "Kptfile": kptfile("info:\n  site: s\n")},
        {"a.yaml": MINE, "gone": "5", "mine": "5"},
        strategy=Strategy.COPY_MERGE,
    )

    assert result.content == package(
        {"a.yaml": A2, "mine": "5", "Kptfile": kptfile("info:\n  site: s\n")}
    )


def test_modes_of_merged_files_are_locals() -> None:
    """A symlink is no resource file, whatever its name."""
    sides = [
        Content(
            {
                "Kptfile": File.of(KPTFILE.encode()),
                "a.yaml": File.of(text.encode(), FileMode.EXECUTABLE),
                "link.yaml": File.of(b"a: [", FileMode.SYMLINK),
            }
        )
        for text in (A, A2, A)
    ]
    content = upgrade(*sides, strategy=Strategy.RESOURCE_MERGE, mode=KPT).content

    assert content == sides[1]


def test_marking_formats_every_yaml_file_and_no_kptfile() -> None:
    """One bad file, and nothing is marked at all."""
    odd = {
        "Kptfile": KPTFILE,
        "a.yaml": "kind:   A\nmetadata:\n    name: a\n",
        "b.yaml": "x:   1\n",
    }
    marked = ensure_merge_keys(Content.from_texts(odd), mode=KPT)

    assert marked.texts == {
        "Kptfile": KPTFILE,
        "a.yaml": (
            "kind: A\nmetadata: # kpt-merge: /a\n  name: a\n  annotations:\n"
            "    internal.kpt.dev/upstream-identifier: '|A|default|a'\n"
        ),
        "b.yaml": "x: 1\n",
    }
    bad = Content.from_texts(odd | {"c.yaml": "a: ["})
    assert ensure_merge_keys(bad, mode=KPT) == bad
