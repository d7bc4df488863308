"""set-image: which containers, which images, and what becomes of tag and digest."""

from collections.abc import Iterator

import pytest

from porch.functions.builtin import set_image
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

call = calling(set_image.run)


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[Caller]:
    """Calls that may search for patterns."""
    with calling_with_sandbox(set_image.run) as caller:
        yield caller


def pod(image: str, *, field: str = "containers") -> str:
    """A pod with one container."""
    return resource("Pod", "spec:", f"  {field}:", f"  - image: {image}")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("nginx:1", {"newTag": "2"}, "nginx:2"),
        ("nginx", {"newTag": "2"}, "nginx:2"),
        ("nginx:1", {"newName": "apache"}, "apache:1"),
        ("nginx@sha256:ab", {"newName": "apache"}, "apache@sha256:ab"),
        ("nginx@sha256:ab", {"newTag": "2"}, "nginx:2"),
        ("nginx:1", {"newName": "apache", "newTag": "2"}, "apache:2"),
        ("nginx:1", {"newTag": "2", "digest": "sha256:cd"}, "nginx@sha256:cd"),
        ("nginx-exporter:1", {"newTag": "2"}, "nginx-exporter:1"),
        ("docker.io/nginx:1", {"newTag": "2"}, "docker.io/nginx:1"),
    ],
)
def test_the_parts_that_are_given_replace_those_of_the_name(
    before: str, change: dict[str, str], after: str
) -> None:
    """A digest wins over a tag; the rest stays."""
    answer = call(pod(before), config=config_map(name="nginx", **change))

    assert items(answer.text)[0].text("spec", "containers", 0, "image") == after
    changed = int(before != after)
    assert answer.results == [f"[info]: summary: updated a total of {changed} image(s)"]


@pytest.mark.parametrize(("edition", "tag"), [(CATALOGUE, "1"), (CORRECTED, "2")])
@pytest.mark.parametrize("field", ["initContainers", "ephemeralContainers"])
def test_only_the_corrected_edition_sees_all_containers(
    edition: object, tag: str, field: str
) -> None:
    """The catalogue misspells the field; pinned packages rely on it."""
    answer = call(
        pod("nginx:1", field=field),
        config=config_map(name="nginx", newTag="2"),
        edition=edition,  # type: ignore[arg-type]
    )

    assert items(answer.text)[0].text("spec", field, 0, "image") == f"nginx:{tag}"


@pytest.mark.process
def test_the_catalogue_takes_the_name_for_a_pattern(sandboxed: Caller) -> None:
    """So it runs where patterns run."""
    config = config_map(name="(docker.io/)?nginx", newTag="2")

    answer = sandboxed(pod("docker.io/nginx:1"), config=config)

    assert "image: docker.io/nginx:2" in answer.text


def test_the_corrected_edition_takes_the_name_literally() -> None:
    """A dot in a registry's name is a dot."""
    config = config_map(name="gcr.io/nginx", newTag="2")

    answer = call(pod("gcrxio/nginx:1"), config=config, edition=CORRECTED)

    assert "image: gcrxio/nginx:1" in answer.text


def test_additional_fields_count() -> None:
    """Custom kinds keep images where they like."""
    config = resource(
        "SetImage",
        "image: {name: nginx, newTag: '2'}",
        "additionalImageFields:",
        "- {group: example.com, kind: Widget, path: 'spec/list[]/image'}",
        api_version="fn.kpt.dev/v1alpha1",
    )
    text = resource(
        "Widget", "spec:", "  list:", "  - image: nginx:1", api_version="example.com/v1"
    )

    assert "image: nginx:2" in call(text, config=config).text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "must specify `name`"),
        (config_map(newTag="2"), "must specify `name`"),
        (config_map(name="n"), "must specify one of `newName`, `newTag`, or `digest`"),
        (config_map(name="n", tag="2"), "ConfigMap has wrong field name tag"),
    ],
)
def test_a_bad_config_fails(config: str | None, message: str) -> None:
    """Nothing is changed."""
    answer = call(pod("n:1"), config=config)

    assert (answer.results, answer.exit_code, answer.text) == (
        [f"[error]: {message}"],
        1,
        pod("n:1"),
    )
