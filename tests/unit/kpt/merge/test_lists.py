"""What becomes of lists whose elements have keys."""

import pytest

from porch.kpt.merge.conflicts import Taken
from tests.unit.kpt.merge.packages import conflicts, deployment, merged, merged_files, upgraded

MAIN = "{name: main, image: m:1}"
MAIN2 = "{name: main, image: m:2}"
SIDE = "{name: side, image: s:1}"
SIDE2 = "{name: side, image: s:2}"
SIDE5 = "{name: side, image: s:5}"
LOG = "{name: log, image: l:1}"
MINE = "{name: mine, image: i:1}"


def pods(*containers: str) -> str:
    return deployment(f"{{containers: [{', '.join(containers)}]}}")


CASES = {  # original, updated, local, merged
    "added on both sides": ((MAIN,), (MAIN, LOG), (MAIN, MINE), (MAIN, MINE, LOG)),
    "added upstream, changed locally": ((MAIN,), (MAIN, LOG), (MAIN2,), (MAIN2, LOG)),
    "changed on different elements": ((MAIN, SIDE), (MAIN2, SIDE), (MAIN, SIDE5), (MAIN2, SIDE5)),
    "removed upstream": ((MAIN, SIDE), (MAIN,), (MAIN2, SIDE), (MAIN2,)),
    "removed locally": ((MAIN, SIDE), (MAIN2, SIDE), (MAIN,), (MAIN2,)),
    "emptied upstream": ((MAIN,), (), (MAIN, MINE), (MINE,)),
    "reordered upstream": ((MAIN, SIDE), (SIDE, MAIN), (MAIN, SIDE, MINE), (SIDE, MINE, MAIN)),
    "reordered locally": ((MAIN, SIDE), (MAIN, LOG, SIDE), (SIDE, MAIN), (SIDE, MAIN, LOG)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_elements_with_keys_merge_one_by_one(case: tuple[tuple[str, ...], ...]) -> None:
    """By the schema of Kubernetes: the containers of a pod have names."""
    original, updated, local, expected = (pods(*containers) for containers in case)

    assert merged(original, updated, local) == expected
    assert conflicts(original, updated, local) == ()


def test_an_element_removed_locally_and_changed_upstream_stays_away_with_a_conflict() -> None:
    """In kpt it comes back as no more than what upstream changed: a container without a command."""
    sides = (pods(MAIN, SIDE), pods(MAIN, SIDE2), pods(MAIN))

    assert merged(*sides) == pods(MAIN)
    assert [(each.field, each.ours, each.taken) for each in conflicts(*sides)] == [
        ("spec.template.spec.containers[name=side]", None, Taken.LOCAL)
    ]


def test_an_element_removed_upstream_and_changed_locally_stays_whole_with_a_conflict() -> None:
    """In kpt a part of it is left over, or none."""
    sides = (pods(MAIN, SIDE), pods(MAIN), pods(MAIN, SIDE5))

    assert merged(*sides) == pods(MAIN, SIDE5)
    assert [(each.field, each.theirs, each.taken) for each in conflicts(*sides)] == [
        ("spec.template.spec.containers[name=side]", None, Taken.LOCAL)
    ]


def test_an_element_removed_upstream_leaves_no_skeleton() -> None:
    """In kpt the maps of it are left over, empty."""
    side = "{name: side, resources: {limits: {cpu: 1}}}"

    assert merged(pods(MAIN, side), pods(MAIN), pods(MAIN2, side)) == pods(MAIN2)


def test_a_list_removed_upstream_keeps_the_elements_of_local() -> None:
    """In kpt it goes with all that people added to it."""
    original = deployment("{containers: [{name: main, env: [{name: A, value: a}]}]}")
    updated = deployment("{containers: [{name: main}]}")
    local = deployment(
        "{containers: [{name: main, env: [{name: A, value: a}, {name: MINE, value: m}]}]}"
    )

    assert merged(original, updated, local) == deployment(
        "{containers: [{name: main, env: [{name: MINE, value: m}]}]}"
    )


def test_ports_without_protocol_are_tcp() -> None:
    """The API server fills it in, and tools write it out."""
    port = "{containers: [{name: main, ports: [{containerPort: 80}]}]}"
    named = "{containers: [{name: main, ports: [{containerPort: 80, protocol: TCP}]}]}"
    both = "{containers: [{name: main, ports: [{containerPort: 80}, {containerPort: 443}]}]}"
    found = merged(deployment(port), deployment(named), deployment(both))

    assert found == deployment(
        "{containers: [{name: main, ports: [{containerPort: 80, protocol: TCP},"
        " {containerPort: 443}]}]}"
    )


def test_sets_merge_by_value() -> None:
    """Finalizers of both sides count."""

    def with_finalizers(*names: str) -> str:
        return (
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, finalizers: [{', '.join(names)}]}}\n"
        )

    sides = (with_finalizers("x", "y"), with_finalizers("x", "c"), with_finalizers("x", "m", "y"))

    assert merged(*sides) == with_finalizers("x", "m", "c")


def test_a_list_that_has_a_key_twice_is_taken_as_a_whole() -> None:
    """Nobody can tell which of the two upstream has changed."""
    sides = (pods(MAIN), pods(MAIN2), pods(MAIN, MAIN))

    assert merged(*sides) == pods(MAIN2)
    assert [each.field for each in conflicts(*sides)] == ["spec.template.spec.containers"]


def test_an_element_without_its_key_is_one_of_its_own() -> None:
    """In kpt it is merged into another one."""
    nameless = "{image: no-name}"

    assert merged(pods(MAIN), pods(MAIN2), pods(MAIN, nameless)) == pods(MAIN2, nameless)


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: shops.example.com
spec:
  group: example.com
  names: {kind: Shop}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        properties:
          spec:
            properties:
              items:
                type: array
                LIST
                items: {type: object}
"""
SHOP = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a}\nspec: {items: ITEMS}\n"


@pytest.mark.parametrize(
    "extension",
    [
        "x-kubernetes-list-type: map\n                x-kubernetes-list-map-keys: [name]",
        "x-kubernetes-patch-strategy: merge\n                x-kubernetes-patch-merge-key: name",
    ],
    ids=["list type", "patch strategy"],
)
@pytest.mark.parametrize("crd_side", [0, 1, 2], ids=["original", "updated", "local"])
def test_lists_of_custom_resources_merge_by_the_crd_in_the_package(
    extension: str, crd_side: int
) -> None:
    """On whichever side it is; kpt knows none, and later versions only local's."""
    sides = [
        {"shop.yaml": SHOP.replace("ITEMS", items)}
        for items in (
            "[{name: a, v: 1}, {name: b, v: 1}]",
            "[{name: a, v: 2}, {name: b, v: 1}]",
            "[{name: a, v: 1}, {name: b, v: 5}]",
        )
    ]
    sides[crd_side]["crd.yaml"] = CRD.replace("LIST", extension)
    files = merged_files(*sides)

    assert files["shop.yaml"] == SHOP.replace("ITEMS", "[{name: a, v: 2}, {name: b, v: 5}]")


def test_a_crd_counts_in_its_own_merge_only() -> None:
    """What one package says of a type must not leak into the next merge of a server."""
    test_lists_of_custom_resources_merge_by_the_crd_in_the_package(
        "x-kubernetes-list-type: map\n                x-kubernetes-list-map-keys: [name]", 0
    )
    result = upgraded(
        *(
            {"shop.yaml": SHOP.replace("ITEMS", f"[{{name: a, v: {value}}}]")}
            for value in ("1", "2", "5")
        )
    )

    assert [each.field for each in result.conflicts] == ["spec.items"]
