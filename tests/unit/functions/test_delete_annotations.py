"""delete-annotations: which go, and what is told."""

import pytest

from porch.functions.builtin import delete_annotations
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    in_file,
    items,
    resource,
    several,
)

call = calling(delete_annotations.run)
NOTED = resource("ConfigMap", "  annotations:", "    # why", "    a: '1' # c", "    b: '2'")


def test_the_listed_annotations_go_and_the_others_stay() -> None:
    """With their comments, and in their order."""
    answer = call(NOTED, config=config_map(annotationKeys="a,missing"))

    assert answer.text == resource("ConfigMap", "  annotations:", "    b: '2'")


def test_without_its_last_annotation_an_item_has_no_annotations_field() -> None:
    """An empty mapping would be a difference to every other package."""
    answer = call(NOTED, config=config_map(annotationKeys="a,b"))

    assert answer.text == resource("ConfigMap")


@pytest.mark.parametrize(
    ("edition", "noun"), [(CATALOGUE, "Annonation"), (CORRECTED, "Annotation")]
)
def test_each_removal_is_told_with_its_file(edition: Edition, noun: str) -> None:
    """A summary first; the catalogue's spelling where the catalogue is meant."""
    text = resource("ConfigMap", *in_file("d/c.yaml", "a: '1'"))

    answer = call(text, config=config_map(annotationKeys="a"), edition=edition)

    assert answer.results == [
        "[info]: The provided annotations were deleted from 1 resource(s)",
        f"[info]: {noun}: [a] removed from resource: [a]",
    ]
    file = answer.output.results[1].file
    assert file is not None
    assert file.path == "d/c.yaml"


@pytest.mark.parametrize(("edition", "count"), [(CATALOGUE, 1), (CORRECTED, 2)])
def test_the_catalogue_counts_neighbours_of_one_name_once(edition: Edition, count: int) -> None:
    """A ConfigMap and a Service of one name are two resources."""
    service = NOTED.replace("ConfigMap", "Service")

    answer = call(
        several(NOTED, service),
        config=config_map(annotationKeys="a"),
        edition=edition,
    )

    assert answer.results[0].endswith(f"deleted from {count} resource(s)")


@pytest.mark.parametrize(("edition", "stays"), [(CATALOGUE, True), (CORRECTED, False)])
def test_only_the_corrected_edition_forgives_blanks_between_keys(
    edition: Edition, stays: bool
) -> None:
    """`a, b` is how people write lists."""
    answer = call(NOTED, config=config_map(annotationKeys="a, b"), edition=edition)

    assert (items(answer.text)[0].at("metadata", "annotations", "b") is not None) is stays


def test_nothing_to_remove_is_told() -> None:
    """A misspelt key would otherwise pass in silence."""
    answer = call(NOTED, config=config_map(annotationKeys="c"))

    assert (answer.results, answer.text) == (
        ["[info]: None of the resources had the provided annotations to delete"],
        NOTED,
    )


@pytest.mark.parametrize("config", [None, config_map(), config_map(annotationKeys="")])
@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_keys_must_be_given(config: str | None, edition: Edition) -> None:
    """A list of none is a mistake."""
    answer = call(NOTED, config=config, edition=edition)

    message = "annotationKeys was not provided as part of the config or parameters to the function"
    assert (answer.results, answer.exit_code) == ([f"[error]: {message}"], 1)
    assert answer.output.stderr == f"failed to evaluate function: error: {message}"
