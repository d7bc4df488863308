"""apply-replacements: sources, targets, paths and options."""

from collections.abc import Iterator

import pytest

from porch.functions.builtin import apply_replacements
from porch.functions.builtin.label_selector import selects
from porch.functions.builtin.replacement_path import split_path
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    Caller,
    calling,
    calling_with_sandbox,
    config_map,
    items,
    resource,
)

call = calling(apply_replacements.run)

SOURCE = resource("ConfigMap", "data:", "  name: shop", "  port: '80'", "  image: repo/web:2")
TARGET = resource(
    "Deployment",
    "spec:",
    "  replicas: 1",
    "  containers:",
    "  - name: web",
    "    image: old:1 # why",
    "  - name: web-proxy",
    "    image: proxy:1",
    api_version="apps/v1",
    name="d",
)


def replacing(source: str, *targets: str) -> str:
    """An ApplyReplacements with one replacement, its parts in flow style."""
    lines = ["replacements:", f"- source: {source}", "  targets:"]
    lines += [f"  - {target}" for target in targets]
    return resource("ApplyReplacements", *lines, api_version="fn.kpt.dev/v1alpha1")


def test_a_field_is_copied_and_the_comment_beside_it_stays() -> None:
    """Only the text of the value travels."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.image}",
        "{select: {kind: Deployment}, fieldPaths: ['spec.containers.0.image']}",
    )

    answer = call(f"{SOURCE}---\n{TARGET}", config=config)

    assert "image: repo/web:2 # why" in answer.text
    assert (answer.results, answer.exit_code) == ([], 0)


@pytest.mark.parametrize(("edition", "proxy"), [(CATALOGUE, "shop"), (CORRECTED, "proxy:1")])
def test_the_catalogue_selects_elements_by_a_pattern(edition: object, proxy: str) -> None:
    """`web` occurs in `web-proxy`; the corrected edition compares."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.name}",
        "{select: {name: d}, fieldPaths: ['spec.containers.[name=web].image']}",
    )

    answer = call(f"{SOURCE}---\n{TARGET}", config=config, edition=edition)  # type: ignore[arg-type]

    containers = items(answer.text)[1].at("spec", "containers")
    assert containers is not None
    assert [each.text("image") for each in containers.content] == ["shop", proxy]


@pytest.mark.parametrize(
    ("index", "image"), [(0, "2:1"), (1, "old:2"), (5, "old:1:2"), (-1, "2:old:1")]
)
def test_a_delimiter_replaces_a_part_of_the_target(index: int, image: str) -> None:
    """The tag of an image, for one."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.image, options: {delimiter: ':', index: 1}}",
        "{select: {name: d}, fieldPaths: ['spec.containers.0.image'], "
        f"options: {{delimiter: ':', index: {index}}}}}",
    )

    answer = call(f"{SOURCE}---\n{TARGET}", config=config)

    assert f"image: {image} # why" in answer.text


def test_missing_fields_are_created_when_asked() -> None:
    """Mappings and elements on the way come into being, too."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.name}",
        "{select: {name: d}, fieldPaths: ['metadata.labels.[a.b/c]', 'spec.vols.[name=v].x'], "
        "options: {create: true}}",
    )

    deployment = items(call(f"{SOURCE}---\n{TARGET}", config=config).text)[1]

    assert deployment.text("metadata", "labels", "a.b/c") == "shop"
    assert deployment.at("spec", "vols", 0) is not None
    assert deployment.text("spec", "vols", 0, "x") == "shop"


def test_rejected_items_are_no_targets() -> None:
    """All of a kind but one."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.name}",
        "{select: {kind: Secret}, reject: [{name: no}], fieldPaths: [metadata.namespace], "
        "options: {create: true}}",
    )
    secrets = "---\n".join(resource("Secret", name=name) for name in ("yes", "no"))

    answer = call(f"{SOURCE}---\n{secrets}", config=config)

    assert [item.text("metadata", "namespace") for item in items(answer.text)] == ["", "shop", ""]


@pytest.fixture
def sandboxed() -> Iterator[Caller]:
    """Calls that may search for patterns."""
    with calling_with_sandbox(apply_replacements.run) as caller:
        yield caller


@pytest.mark.process
def test_targets_are_selected_by_patterns(sandboxed: Caller) -> None:
    """From end to end, unlike elements."""
    config = replacing(
        "{kind: ConfigMap, fieldPath: data.name}",
        "{select: {kind: 'Dep.*|Pod'}, fieldPaths: [metadata.name]}",
    )

    answer = sandboxed(f"{SOURCE}---\n{TARGET}", config=config)

    assert items(answer.text)[1].text("metadata", "name") == "shop"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "FunctionConfig is missing. Expect `ApplyReplacements`"),
        (
            config_map(a="b"),
            "received functionConfig of kind ConfigMap and apiVersion v1, only functionConfig of "
            "kind ApplyReplacements and apiVersion fn.kpt.dev/v1alpha1 is supported",
        ),
        (
            replacing("{kind: Nope}", "{select: {name: d}}"),
            "nothing selected by Nope",
        ),
        (
            replacing("{version: v1}", "{select: {name: d}}"),
            "multiple matches for selector v1",
        ),
        (
            replacing("{kind: ConfigMap}", "{fieldPaths: [a]}"),
            "target must specify resources to select",
        ),
        (
            replacing("{kind: ConfigMap}", "{select: {name: d}, fieldPaths: [spec.none]}"),
            'unable to find field "spec.none" in replacement target',
        ),
    ],
)
def test_what_cannot_be_done_fails(config: str | None, message: str) -> None:
    """In the words of the catalogue."""
    answer = call(f"{SOURCE}---\n{TARGET}", config=config)

    assert answer.results == [f"[error]: {message}"]
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a.b", ["a", "b"]),
        (r"a\.b.c", ["a.b", "c"]),
        ("a.[b.c/d].e", ["a", "b.c/d", "e"]),
        ("a.[n=x.y].e", ["a", "[n=x.y]", "e"]),
    ],
)
def test_dots_in_parts_are_escaped_or_in_brackets(path: str, parts: list[str]) -> None:
    """Keys of annotations have dots."""
    assert split_path(path) == parts


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", True),
        ("a=1", True),
        ("a==1,b!=1", True),
        ("a!=1", False),
        ("c!=1", True),
        ("a in (1, 2),b notin (1)", True),
        ("a in (2)", False),
        ("a,!c", True),
        ("c", False),
    ],
)
def test_label_selectors(selector: str, expected: bool) -> None:
    """Kubernetes' syntax."""
    assert selects(selector, {"a": "1", "b": "2"}) is expected
