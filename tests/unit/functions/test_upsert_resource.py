"""upsert-resource: which items are replaced, and by what."""

import time

import pytest

from porch.functions.builtin import upsert_resource
from porch.functions.builtin.contract import BuiltinCall
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.yaml.node import Node
from tests.unit.functions.calls import (
    CATALOGUE,
    NothingUntrusted,
    calling,
    in_file,
    items,
    resource,
    several,
)

call = calling(upsert_resource.run)
OLD = resource("ConfigMap", "data:", "  k: old # c")
NEW = resource("ConfigMap", "data:", "  # why", "  k: new")


def test_the_resource_replaces_the_one_of_its_name() -> None:
    """Whole: comments of the new one come, those of the old one go; neighbours stay."""
    other = resource("Service", "# kept")

    answer = call(several(OLD, other), config=NEW)

    assert answer.text == several(NEW, other)
    assert answer.results == []


@pytest.mark.parametrize(
    ("old", "is_same"),
    [
        (resource("Ingress", api_version="networking.k8s.io/v1beta1"), True),
        (resource("Ingress", api_version="extensions/v1beta1"), False),
        (resource("Ingress", "  namespace: x", api_version="networking.k8s.io/v1"), False),
        (resource("Ingress", api_version="networking.k8s.io/v1", name="b"), False),
        (resource("Other", api_version="networking.k8s.io/v1"), False),
    ],
)
def test_group_kind_namespace_and_name_tell_what_is_the_same(old: str, is_same: bool) -> None:
    """A new version of an API is still the same resource."""
    new = resource("Ingress", "spec: {}", api_version="networking.k8s.io/v1")

    answer = call(old, config=new)

    assert answer.text == (new if is_same else several(old, new))


def test_a_replaced_item_stays_in_its_file_and_gets_the_annotations_of_the_new_one() -> None:
    """Its own are gone; those by which the orchestrator knows its place are no content."""
    index = "internal.config.kubernetes.io/index: '3'"
    old = resource("ConfigMap", *in_file("d/old.yaml", index, "mine: gone"))
    new = resource("ConfigMap", *in_file("config.yaml", "mine: new"))

    item = items(call(old, config=new).text)[0]

    annotations = item.at("metadata", "annotations")
    assert annotations is not None
    assert annotations.to_data() == {
        "mine": "new",
        "internal.config.kubernetes.io/path": "d/old.yaml",
        "internal.config.kubernetes.io/index": "3",
    }


TO_FILE = in_file("config.yaml", "config.kubernetes.io/target-path: d/x.yaml")


def test_a_target_path_narrows_the_search_to_one_file() -> None:
    """Two files may hold resources of one name, for two clusters."""
    elsewhere = resource("ConfigMap", *in_file("other.yaml"))
    there = resource("ConfigMap", *in_file("d/x.yaml"))

    answer = call(several(elsewhere, there), config=resource("ConfigMap", *TO_FILE, "data: {k: v}"))

    first, second = items(answer.text)
    assert (first.at("data"), second.text("data", "k")) == (None, "v")
    assert "target-path" not in answer.text


def test_a_target_path_names_the_file_of_a_new_item() -> None:
    """Otherwise the orchestrator finds one, and not that of the config."""
    placed = items(call("", config=resource("ConfigMap", *TO_FILE)).text)[0]
    free = call("", config=resource("ConfigMap", *in_file("config.yaml")))

    key = "internal.config.kubernetes.io/path"
    assert placed.text("metadata", "annotations", key) == "d/x.yaml"
    assert free.text == resource("ConfigMap")


def test_a_list_is_put_in_one_after_the_other() -> None:
    """The second finds what the first one added."""
    listed = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: A, metadata: {name: a}, data: first}\n"
        "- {apiVersion: v2, kind: A, metadata: {name: a}, data: second}\n"
    )

    answer = call("", config=listed)

    assert [item.text("data") for item in items(answer.text)] == ["second"]


def test_every_item_of_the_name_is_replaced_but_no_function() -> None:
    """A resource that is annotated as a function tells how to run one."""
    function = resource("ConfigMap", "  annotations:", "    config.kubernetes.io/function: x")

    assert call(several(OLD, function, OLD), config=NEW).text == several(NEW, function, NEW)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "`functionConfig` must be the resource"),
        ("apiVersion: v1\nkind: List\nitems: [x]\n", "`items[0]` must be a resource"),
    ],
)
def test_a_config_that_is_no_resource_fails(config: str | None, message: str) -> None:
    """Nothing is changed."""
    answer = call(OLD, config=config)

    assert answer.results == [f"[error]: failed to upsert resource: {message}"]
    assert (answer.exit_code, answer.text) == (1, OLD)


def test_long_lists_take_linear_time() -> None:
    """Five thousand into five thousand; each against each would take a minute."""
    named = [Node.mapping([("name", f"a{number}")]) for number in range(5_000)]
    many = [Node.mapping([("kind", "A"), ("metadata", metadata)]) for metadata in named]
    listed = Node.mapping([("kind", "List"), ("items", Node.sequence(many))])
    begun = time.process_time()

    output = upsert_resource.run(
        BuiltinCall(
            items=[node.clone() for node in many],
            config=listed,
            edition=CATALOGUE,
            untrusted=NothingUntrusted(),
            schema_files=SchemaDirectories(),
        )
    )

    assert output.items == many
    assert time.process_time() - begun < 10
