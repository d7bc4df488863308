"""What becomes of Kptfiles."""

import pytest

from porch.kpt.merge.conflicts import Taken
from tests.unit.kpt.merge.packages import kptfile, upgraded


def merged(original: str, updated: str, local: str) -> str:
    """The merged Kptfile of packages whose Kptfiles go on like this."""
    text = merged_whole(*(kptfile(rest) for rest in (original, updated, local)))
    return text.removeprefix(kptfile(""))


def merged_whole(original: str, updated: str, local: str) -> str:
    sides = ({"Kptfile": text} for text in (original, updated, local))
    text = upgraded(*sides).content["Kptfile"].text
    assert text is not None
    return text


def pipeline(*functions: str) -> str:
    return "pipeline:\n  mutators:\n" + "".join(f"  - {each}\n" for each in functions)


NAMESPACE = "image: set-namespace:v0.1"
LABELS = "{image: example.com:5000/set-labels:v0.1, configMap: {app: web}}"
LABELS2 = "{image: example.com:5000/set-labels:v0.2, configMap: {app: web}}"
MINE = "{image: example.com:5000/set-labels:v0.1, configMap: {app: mine}}"

PIPELINES = {  # original, updated, local, merged
    "a version is bumped, its config changed": ((LABELS,), (LABELS2,), (MINE,),
        ("{image: example.com:5000/set-labels:v0.2, configMap: {app: mine}}",)),
    "removed upstream": ((NAMESPACE, LABELS), (NAMESPACE,), (NAMESPACE, LABELS), (NAMESPACE,)),
    "removed upstream, others added": ((NAMESPACE, LABELS), (NAMESPACE,),
        (NAMESPACE, LABELS, "exec: ./f"), (NAMESPACE, "exec: ./f")),
    "removed locally": ((NAMESPACE, LABELS), (NAMESPACE, LABELS), (NAMESPACE,), (NAMESPACE,)),
    "added on both sides": ((NAMESPACE,), (LABELS, NAMESPACE), (NAMESPACE, "exec: ./f"),
        (LABELS, NAMESPACE, "exec: ./f")),
    "reordered upstream": ((NAMESPACE, LABELS), (LABELS, NAMESPACE), (NAMESPACE, MINE),
        (MINE, NAMESPACE)),
    "the same function twice": ((LABELS, LABELS), (LABELS, LABELS2), (MINE, LABELS),
        (MINE, LABELS2)),
}  # fmt: skip


@pytest.mark.parametrize("case", PIPELINES.values(), ids=PIPELINES)
def test_functions_merge_by_image(case: tuple[tuple[str, ...], ...]) -> None:
    """Without its version; by name or command where they have one. Nothing empty is left."""
    original, updated, local, expected = (pipeline(*functions) for functions in case)

    assert merged(original, updated, local) == expected


def test_a_function_removed_upstream_and_changed_locally_stays_whole_with_a_conflict() -> None:
    """In kpt `{}` is left, and the next render fails."""
    sides = [
        kptfile(pipeline(*each)) for each in ((NAMESPACE, LABELS), (NAMESPACE,), (NAMESPACE, MINE))
    ]
    result = upgraded(*({"Kptfile": text} for text in sides))

    assert result.content["Kptfile"].text == sides[2]
    assert [(each.field, each.taken) for each in result.conflicts] == [
        ("pipeline.mutators[image=example.com:5000/set-labels]", Taken.LOCAL)
    ]


def test_comments_order_and_unknown_fields_stay() -> None:
    """kpt writes the file anew from its structure, and refuses fields that it does not know."""
    local = (
        "# ours\napiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: mine # short\n"
        "future: {a: 1}\ninfo:\n  # what for\n  description: old\n"
    )
    updated = kptfile("info:\n  description: new\n")
    original = kptfile("info:\n  description: old\n")

    assert merged_whole(original, updated, local) == local.replace("old", "new")


def test_name_upstream_and_lock_are_locals() -> None:
    """The package is who it is; the caller says what it now comes from."""
    own = (
        "upstream: {type: git, git: {ref: v1}}\nupstreamLock: {type: git, git: {commit: abc}}\n"
        "info:\n  description: DESCRIPTION\n"
    )
    local = kptfile(own).replace("name: pkg", "name: mine").replace("DESCRIPTION", "old")
    updated = kptfile("upstream: {git: {ref: v9}}\ninfo:\n  description: new\n")
    original = kptfile("upstream: {git: {ref: v8}}\ninfo:\n  description: old\n")

    assert merged_whole(original, updated, local) == local.replace("old", "new")


def test_lists_of_info_and_status_merge_by_element() -> None:
    """In kpt the whole list of upstream replaces local's."""
    original = (
        "info: {keywords: [a], readinessGates: [{conditionType: x}]}\n"
        "status: {conditions: [{type: x, status: 'True'}]}\n"
    )
    updated = (
        "info: {keywords: [a, up], readinessGates: [{conditionType: x}, {conditionType: up}]}\n"
        "status: {conditions: [{type: x, status: 'True'}, {type: up, status: 'True'}]}\n"
    )
    local = (
        "info: {keywords: [a, mine], readinessGates: [{conditionType: x}, {conditionType: mine}]}\n"
        "status: {conditions: [{type: x, status: 'False'}]}\n"
    )

    assert merged(original, updated, local) == (
        "info: {keywords: [a, mine, up], readinessGates: [{conditionType: x},"
        " {conditionType: mine}, {conditionType: up}]}\n"
        "status: {conditions: [{type: x, status: 'False'}, {type: up, status: 'True'}]}\n"
    )


def test_what_the_last_render_said_is_locals() -> None:
    """It is about this package; in kpt upstream's comes along."""
    rendered = "status:\n  conditions:\n  - type: Rendered\n    status: 'VALUE'\n"
    original, updated = rendered.replace("VALUE", "True"), rendered.replace("VALUE", "Unknown")
    local = rendered.replace("VALUE", "False")

    assert merged(original, updated, local) == local
    assert merged("", updated, "") == ""
