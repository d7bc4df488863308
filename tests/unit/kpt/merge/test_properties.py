"""What holds for every merge, whatever is in the packages."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from porch.kpt.content import Content
from porch.kpt.merge.upgrade import Strategy, upgrade
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Node
from tests.unit.kpt.merge.packages import KPTFILE, conflicts, merged

MISSING = object()
Path = tuple[str, ...]

names = st.sampled_from(["a", "b", "c", "d e", "x.y/z"])
scalars = st.sampled_from([None, True, 0, 1, "1", "yes", "two words", "", "line\nline\n"])
values = st.recursive(
    scalars | st.lists(scalars, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
specs = st.dictionaries(names, values, max_size=4)


@st.composite
def versions(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Three versions of a specification that have much in common."""
    base = draw(specs)
    return base, edited(draw, base), edited(draw, base)


def edited(draw: st.DrawFn, base: Any) -> Any:
    """`base` after some changes, each at a field somewhere in it."""
    spec = deepcopy(base)
    for _ in range(draw(st.integers(0, 3))):
        place = spec
        while isinstance(inner := place.get(draw(names)), dict) and draw(st.booleans()):
            place = inner
        name = draw(names)
        if draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = draw(values)
    return spec


def resource(spec: Any) -> str:
    """A resource of a type without schema."""
    head = {"apiVersion": "example.com/v1", "kind": "A", "metadata": {"name": "a"}}
    return emit_document(Node.from_data(head | {"spec": spec}))


def merged_spec(original: Any, updated: Any, local: Any) -> Any:
    texts = (resource(spec) for spec in (original, updated, local))
    (found,) = read_data(merged(*texts))
    return found["spec"] if isinstance(found, dict) else MISSING


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types; in Python `True == 1`."""
    if one is MISSING or other is MISSING:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(versions())
@settings(max_examples=100, deadline=None)
def test_what_one_side_did_alone_is_done(sides: tuple[Any, Any, Any]) -> None:
    """merge(o, o, x) = merge(o, x, o) = merge(o, x, x) = x, to the byte."""
    original, other = resource(sides[0]), resource(sides[1])

    assert merged(original, original, other) == other
    assert merged(original, other, original) == other
    assert merged(original, other, other) == other


def fields(spec: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All fields of mappings, the inner ones, too."""
    for name, value in spec.items() if isinstance(spec, dict) else ():
        yield (*path, name), value
        yield from fields(value, (*path, name))


def at(spec: Any, path: Path) -> Any:
    for name in path:
        if not isinstance(spec, dict) or name not in spec:
            return MISSING
        spec = spec[name]
    return spec


def is_open(spec: Any, path: Path) -> bool:
    """Whether a field could be at `path`: what is above it is a mapping as far as it is there."""
    above = (at(spec, path[:depth]) for depth in range(len(path)))
    return all(value is MISSING or isinstance(value, dict) for value in above)


@given(versions())
@settings(max_examples=100, deadline=None)
def test_a_field_that_only_local_has_is_never_lost(sides: tuple[Any, Any, Any]) -> None:
    """Not even when upstream removed, or changed, everything around it."""
    original, updated, local = sides
    result = merged_spec(*sides)

    for path, value in fields(local):
        others = (original, updated)
        if all(at(each, path) is MISSING and is_open(each, path) for each in others):
            assert same(at(result, path), value), path


def changed_differently(original: Any, updated: Any, local: Any, path: Path = ()) -> set[Path]:
    """The fields that both sides changed, and not to the same; found on plain data."""
    if same(original, updated) or same(original, local) or same(updated, local):
        return set()
    is_removed = updated is MISSING and isinstance(original, dict)
    if not isinstance(local, dict) or not (isinstance(updated, dict) or is_removed):
        return {path}
    found: set[Path] = set()
    for name in {**local, **(updated if isinstance(updated, dict) else original)}:
        base, theirs, ours = (at(each, (name,)) for each in (original, updated, local))
        found |= changed_differently(base, theirs, ours, (*path, name))
    return found


def printed(path: Path) -> str:
    return "spec" + "".join(f'["{n}"]' if set(n) & set(" ./") else f".{n}" for n in path)


@given(versions())
@settings(max_examples=100, deadline=None)
def test_conflicts_are_the_fields_that_both_sides_changed_differently(
    sides: tuple[Any, Any, Any],
) -> None:
    """No more, no less, and none of them twice."""
    found = [each.field for each in conflicts(*map(resource, sides))]

    assert sorted(found) == sorted(map(printed, changed_differently(*sides)))


CONTAINERS = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)


@given(CONTAINERS, CONTAINERS, CONTAINERS)
@settings(max_examples=100, deadline=None)
def test_elements_with_keys_are_a_set_of_their_own(
    original: list[str], updated: list[str], local: list[str]
) -> None:
    """What either side added is there, what either side removed is not, and nothing is twice."""

    def pod(containers: list[str]) -> str:
        elements = ", ".join(f"{{name: {name}}}" for name in containers)
        head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n"
        return f"{head}spec: {{containers: [{elements}]}}\n"

    text = merged(pod(original), pod(updated), pod(local))
    left = re.findall(r"{name: (\w)}", text)
    added = {*updated, *local} - {*original}

    assert sorted(left) == sorted({*updated} & {*local} | added)


PATHS = ("a.yaml", "b.yaml", "sub/Kptfile", "sub/a.yaml", "sub/deep/Kptfile", "t.txt", ".krmignore")
TEXTS = st.sampled_from(
    [
        KPTFILE,
        KPTFILE + "info: {site: s}\n",
        "# comment\n",
        "kind: A\nmetadata: {name: a}\n",
        "kind: A\nmetadata: {name: a}\nspec: {x: 1}\n",
        "kind: B\nmetadata: {name: b}\n---\nkind: A\nmetadata: {name: a}\n",
    ]
)


@st.composite
def packages(draw: st.DrawFn) -> Content:
    files = draw(st.dictionaries(st.sampled_from(PATHS), TEXTS))
    for path in PATHS:
        if path.endswith("Kptfile") and path in files:
            files[path] = KPTFILE
    return Content.from_texts({"Kptfile": KPTFILE} | files)


@given(packages(), packages(), packages())
@settings(max_examples=100, deadline=None)
def test_packages_merge_as_their_files_do(
    original: Content, other: Content, third: Content
) -> None:
    """The laws of one resource hold for whole packages; and any three of them can be merged."""

    def merge(updated: Content, local: Content) -> Content:
        return upgrade(original, updated, local, strategy=Strategy.RESOURCE_MERGE).content

    digests = [each.digest for each in (original, other, third)]

    assert merge(original, other) == other
    assert merge(other, original) == other
    assert merge(other, other) == other
    assert merge(other, third)["Kptfile"] == third["Kptfile"]
    assert [each.digest for each in (original, other, third)] == digests
