"""kubeconform: schemas of files, in directories that are admitted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from porch.functions.builtin import kubeconform
from porch.functions.builtin.contract import Edition
from porch.functions.schemafiles import SchemaDirectories
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    Caller,
    NothingUntrusted,
    resource,
    several,
)
from tests.unit.functions.kubeconforming import settings, widget

SCHEMA = '{"type": "object", "required": ["spec"]}'


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., list[str]]:
    """Checks with schema files below a directory that is admitted."""
    caller = Caller(kubeconform.run, NothingUntrusted(), SchemaDirectories((tmp_path,)))

    def check(text: str, *, edition: Edition = CORRECTED, **config: str) -> list[str]:
        answer = caller(text, config=settings(**config), edition=edition)
        return [result.message for result in answer.output.results]

    return check


def put(directory: Path, name: str, text: str = SCHEMA) -> None:
    """Write a file, with its directories."""
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text)


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (widget(), "master-standalone/widget-example-v1.json"),
        (widget(), "master-standalone-strict/widget-example-v1.json"),
        (resource("Pod"), "master-standalone/pod-v1.json"),
    ],
)
def test_a_directory_of_schemas_is_laid_out_as_for_kubeconform(
    checked: Callable[..., list[str]], tmp_path: Path, text: str, file: str
) -> None:
    """Existing directories can be used as they are, by path or by URL."""
    put(tmp_path, file)
    strict = "true" if "strict" in file else "false"

    for location in (str(tmp_path), f"file://{tmp_path}"):
        told = checked(text, schema_location=location, strict=strict)
        assert told == ["missing property 'spec'"]


def test_a_location_may_be_a_template_of_file_names(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """With the variables of kubeconform."""
    put(tmp_path, "example.com/widget_v1.json")
    location = f"{tmp_path}/{{{{ .Group }}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"

    assert checked(widget(), schema_location=location) == ["missing property 'spec'"]


@pytest.mark.parametrize(("edition", "finds"), [(CATALOGUE, False), (CORRECTED, True)])
def test_only_the_corrected_edition_adds_locations_to_what_is_built_in(
    checked: Callable[..., list[str]], tmp_path: Path, edition: Edition, finds: bool
) -> None:
    """Additional is what the setting is called; the image then uses nothing else."""
    put(tmp_path, "master-standalone/widget-example-v1.json")
    text = several(resource("ConfigMap"), widget("spec: {}"))

    told = checked(text, edition=edition, additional_schema_locations=str(tmp_path))

    assert (told == []) is finds


def test_locations_are_asked_in_order_and_default_is_what_is_built_in(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """The first that knows a kind decides."""
    put(tmp_path / "a", "master-standalone/pod-v1.json")
    text = several(resource("Pod"), resource("ConfigMap", "data: {k: 1}"))

    told = checked(text, schema_location=str(tmp_path / "a"), additional_schema_locations="default")

    assert told == ["missing property 'spec'", "got number, want null or string"]


def test_schemas_may_refer_to_files_beside_them(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """As those that are not stand-alone do."""
    reference = '{"properties": {"spec": {"$ref": "_definitions.json#/definitions/S"}}}'
    put(tmp_path, "master-standalone/widget-example-v1.json", reference)
    put(tmp_path, "master-standalone/_definitions.json", '{"definitions": {"S": {"type": "null"}}}')

    told = checked(widget("spec: 1"), schema_location=str(tmp_path))

    assert told == ["got number, want null"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ('{"$ref": "http://example.com/s.json"}', ["`$ref` must name a file", "no network"]),
        ('{"$ref": "gone.json"}', ["`$ref` must name a file that exists", "gone.json"]),
        ('{"$ref": "file:///etc/hostname"}', ["must be in a directory that is admitted"]),
        ("{", ["must be a JSON schema"]),
        ("[]", ["must be a JSON schema", "list"]),
        ('{"$schema": "http://example.com/draft"}', ["http://example.com/draft"]),
    ],
)
def test_a_file_that_is_no_schema_is_told_with_what_is_wrong(
    checked: Callable[..., list[str]], tmp_path: Path, schema: str, words: list[str]
) -> None:
    """Nothing is fetched to make it one."""
    put(tmp_path, "master-standalone/widget-example-v1.json", schema)

    (told,) = checked(widget(), schema_location=str(tmp_path))

    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://user:secret@example.com/s?token=x", ["https://example.com…", "no network"]),
        ("schemas", ["absolute path", "'schemas'"]),
        ("/etc", ["directory that is admitted", "PORCH_RENDER_SCHEMA_DIRECTORIES"]),
        ("/{{.Nope}}.json", ["ResourceKind", "'Nope'"]),
    ],
)
def test_a_location_that_must_not_be_used_is_an_error(
    checked: Callable[..., list[str]], location: str, words: list[str]
) -> None:
    """Its text alone must let the user go on; secrets of an address are not in it."""
    (told,) = checked(resource("ConfigMap"), schema_location=location)

    assert [word for word in words if word not in told] == []
    assert "secret" not in told
    assert "token" not in told


@pytest.mark.parametrize("kind", ["../outside", "a/../../outside", "..", "a b"])
def test_a_kind_cannot_name_files_elsewhere(
    checked: Callable[..., list[str]], tmp_path: Path, kind: str
) -> None:
    """It is text of the package."""
    put(tmp_path, "outside-v1.json", "{}")

    (told,) = checked(
        resource(kind), schema_location=f"{tmp_path}/in/{{{{.ResourceKind}}}}-v1.json"
    )

    assert told.startswith("could not find schema")
