"""The built-in table of merge keys, held against the schema of Kubernetes 1.21.2."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from porch.kpt.merge.kubernetes import builtin_shape
from porch.kpt.merge.shapes import Shape

RECORDED = Path(__file__).parents[3] / "golden" / "schema" / "k8s_merge_schema.json"
Keys = dict[tuple[str, ...], tuple[str, ...]]  # path of a list -> its merge keys


@cache
def recorded() -> Any:
    return json.loads(RECORDED.read_text())


def recorded_keys(definition: str, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """All lists with merge keys below a type; lists without them are never entered."""
    for name, facts in recorded()["definitions"].get(definition, {}).items():
        here = (*path, name)
        if facts.get("list"):
            if "merge" in facts.get("strategy", "").split(","):
                yield here, tuple(facts.get("keys") or filter(None, [facts.get("key")]))
                yield from recorded_keys(facts.get("items", ""), here)
        elif "ref" in facts:
            yield from recorded_keys(facts["ref"], here)


def known_keys(shape: Shape | None, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for name, below in shape.fields.items() if shape else ():
        here = (*path, name)
        if below.keys is not None:
            yield here, below.keys.names
            yield from known_keys(below.each, here)
        else:
            yield from known_keys(below, here)


@pytest.mark.parametrize("gvk", recorded()["gvk"])
def test_every_list_of_every_kind_has_its_keys(gvk: str) -> None:
    """All paths, so that no list merges that must not and none is replaced that need not be."""
    api_version, _, kind = gvk.rpartition("/")

    assert dict(known_keys(builtin_shape(api_version, kind))) == dict(
        recorded_keys(recorded()["gvk"][gvk])
    )


def test_a_version_that_is_not_recorded_is_unknown() -> None:
    """As it is to kpt: its lists are replaced as wholes."""
    assert builtin_shape("autoscaling/v2", "HorizontalPodAutoscaler") is None
