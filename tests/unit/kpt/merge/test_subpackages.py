"""What becomes of packages inside of a package."""

from porch.kpt.merge.conflicts import Taken
from tests.unit.kpt.merge.packages import KPTFILE, Files, config_map, merged_files, upgraded

A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 1, mine: m}")


def sub(name: str = "sub", kptfile: str = KPTFILE, **files: str) -> Files:
    """A sub-package with these YAML files."""
    return {f"{name}/Kptfile": kptfile} | {
        f"{name}/{path}.yaml": text for path, text in files.items()
    }


def test_a_sub_package_merges_as_the_rest_does() -> None:
    """Its Kptfile and its resources; it keeps its name."""
    files = merged_files(
        sub(a=A), sub(a=A2, kptfile=KPTFILE + "info: {site: s}\n"), sub(a=MINE, b=A)
    )

    assert files == sub(a=config_map("{x: 2, mine: m}"), b=A, kptfile=KPTFILE + "info: {site: s}\n")


def test_one_that_is_new_upstream_is_added() -> None:
    """With all that is in it."""
    assert merged_files({}, sub(a=A), {}) == sub(a=A)


def test_one_of_local_only_stays() -> None:
    """Upstream does not know it."""
    assert merged_files({}, {}, sub(a=A)) == sub(a=A)


def test_one_added_on_both_sides_is_merged() -> None:
    """In kpt that is an error."""
    assert merged_files({}, sub(a=A), sub(b=A)) == sub(a=A, b=A)


def test_one_removed_upstream_and_unchanged_locally_is_removed_as_a_whole() -> None:
    """The name that its Kptfile has locally is no change."""
    renamed = KPTFILE.replace("pkg", "mine")

    assert merged_files(sub(a=A), {}, sub(a=A, kptfile=renamed)) == {}


def test_one_removed_upstream_and_changed_locally_stays_as_a_whole_with_a_conflict() -> None:
    """File by file, those that local did not change would go: a package without its Kptfile."""
    result = upgraded(sub(a=A, b=A), {}, sub(a=MINE, b=A))

    assert result.content.texts == {"Kptfile": KPTFILE} | sub(a=MINE, b=A)
    assert [(each.path, each.theirs, each.taken) for each in result.conflicts] == [
        ("sub", None, Taken.LOCAL)
    ]


def test_one_removed_locally_stays_away_as_a_whole() -> None:
    """Also what upstream has added to it."""
    result = upgraded(sub(a=A), sub(a=A, new=A), {})

    assert result.content.texts == {"Kptfile": KPTFILE}
    assert [(each.path, each.ours, each.taken) for each in result.conflicts] == [
        ("sub", None, Taken.LOCAL)
    ]


def test_one_removed_locally_and_unchanged_upstream_is_no_conflict() -> None:
    """Nothing is missed."""
    assert upgraded(sub(a=A), sub(a=A), {}).conflicts == ()


def test_those_inside_go_with_the_one_they_are_in() -> None:
    """A change deep down keeps the whole."""
    nested = sub(a=A) | sub("sub/deep", a=A)

    assert merged_files(nested, {}, nested) == {}
    assert merged_files(nested, {}, nested | {"sub/deep/a.yaml": MINE}) == nested | {
        "sub/deep/a.yaml": MINE
    }


def test_a_directory_may_become_a_sub_package() -> None:
    """In kpt the update fails with a broken Kptfile on disk."""
    plain = {"sub/a.yaml": A}

    assert merged_files(plain, sub(a=A2), {"sub/a.yaml": MINE}) == sub(
        a=config_map("{x: 2, mine: m}")
    )


def test_a_sub_package_may_become_a_directory() -> None:
    """In kpt a Kptfile with an empty `info` is left."""
    assert merged_files(sub(a=A), {"sub/a.yaml": A2}, sub(a=MINE)) == {
        "sub/a.yaml": config_map("{x: 2, mine: m}")
    }


def test_one_with_an_upstream_of_its_own_merges_as_well() -> None:
    """In kpt it waits for an update of its own, which an upgrade in a cluster never starts."""
    remote = KPTFILE + "upstream: {type: git, git: {repo: r, directory: d, ref: v1}}\n"
    bumped = remote.replace("ref: v1", "ref: v2")
    files = merged_files(
        sub(a=A, kptfile=remote), sub(a=A2, kptfile=bumped), sub(a=MINE, kptfile=remote)
    )

    assert files == sub(a=config_map("{x: 2, mine: m}"), kptfile=bumped)


def test_one_that_local_upgraded_on_its_own_is_left_alone() -> None:
    """What original says is not what it was made from any more."""
    remote = KPTFILE + "upstream: {type: git, git: {repo: r, directory: d, ref: v1}}\n"
    own = sub(a=MINE, kptfile=remote.replace("ref: v1", "ref: v7"))

    assert merged_files(sub(a=A, kptfile=remote), sub(a=A2, kptfile=remote), own) == own
