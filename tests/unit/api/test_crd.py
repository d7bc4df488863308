"""The generated files: the CRDs, the policies and the reference pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from porch.api import crd
from porch.api.crd import DEFINITIONS, generated_files, main, root_schema
from porch.api.lifecycle import Lifecycle
from porch.api.policies import POLICIES, Policy, manifests

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def places(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with the path of its field."""
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from places(member, f"{path}.{name}")
    if "items" in schema:
        yield from places(schema["items"], f"{path}[]")


def test_what_is_stored_is_what_is_generated() -> None:
    """Somebody edited a model and forgot `make crds`, or edited a generated file."""
    stale = [path for path, text in generated_files().items() if (ROOT / path).read_text() != text]

    assert stale == []


def test_generating_twice_gives_the_same() -> None:
    """Otherwise the check would fail at random."""
    assert generated_files() == generated_files()


def test_the_check_names_what_is_not_as_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Written files pass, an edited one and a missing one do not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crds").mkdir()
    (tmp_path / "docs" / "reference").mkdir(parents=True)
    assert main([]) == 0
    assert main(["--check"]) == 0
    edited, missing = (tmp_path / "crds" / "policies.yaml", tmp_path / "docs/reference/api.md")
    edited.write_text(edited.read_text() + "# edited\n")
    missing.unlink()

    assert main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "crds/policies.yaml must be what its generator writes; run `make crds`",
        "docs/reference/api.md must be what its generator writes; run `make crds`",
    ]


def test_an_unknown_argument_shows_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    """And writes nothing."""
    assert main(["--help"]) == 2
    assert "python -m porch.api.crd --check" in capsys.readouterr().err


def test_every_generated_file_says_so() -> None:
    """Nobody should edit it."""
    assert all("Do not edit" in text[:200] for text in generated_files().values())


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: str(each.kind.kind))
def test_every_field_has_a_description(definition: crd.Definition) -> None:
    """`kubectl explain` explains all of them."""
    silent = [
        path
        for path, schema in places(root_schema(definition))
        if "description" not in schema and not path.endswith("[]") and path != ".metadata"
    ]

    assert silent == []


@pytest.mark.parametrize(
    "definition",
    [each for each in DEFINITIONS if each.rules],
    ids=lambda each: str(each.kind.kind),
)
def test_every_rule_has_words_of_its_own(definition: crd.Definition) -> None:
    """`failed rule: self.all(...)` helps nobody; and a message that fails falls back to words."""
    rules = [
        rule
        for _, schema in places(root_schema(definition))
        for rule in schema.get("x-kubernetes-validations", ())
    ]

    assert rules
    assert all(rule["message"] and "\n" not in rule["message"] for rule in rules)


def test_conditions_are_merged_by_type_but_where_there_are_thousands_of_objects() -> None:
    """Several managers may own conditions; of a PackageRevision nobody but the operator does."""
    for definition in DEFINITIONS:
        schema = dict(places(root_schema(definition))).get(".status.conditions")
        if definition.kind.kind == "PackageRevision":
            assert schema is not None
            assert schema["x-kubernetes-list-type"] == "atomic"
        elif schema is not None:
            assert schema["x-kubernetes-list-map-keys"] == ["type"]
            assert schema["x-kubernetes-list-type"] == "map"


def test_the_kinds_are_served_as_the_existing_clients_expect() -> None:
    """Group, version, plural, and whether there is a status subresource."""
    documents = [
        yaml.safe_load(text)
        for path, text in generated_files().items()
        if path.startswith("crds/") and "policies" not in path
    ]
    served = {
        (
            each["metadata"]["name"],
            each["spec"]["versions"][0]["name"],
            "subresources" in each["spec"]["versions"][0],
        )
        for each in documents
    }

    assert served == {
        ("packagerevisions.porch.kpt.dev", "v1alpha2", True),
        ("packagerevisionresources.porch.kpt.dev", "v1alpha1", False),
        ("packages.porch.kpt.dev", "v1alpha1", True),
        ("repositories.config.porch.kpt.dev", "v1alpha1", True),
        ("functionconfigs.config.porch.kpt.dev", "v1alpha1", True),
        ("servicetemplates.config.porch.kpt.dev", "v1alpha1", False),
    }


def test_the_rules_of_the_life_cycle_name_every_state() -> None:
    """They are made from the table, and a state that is missing would be a dead end."""
    (definition,) = (each for each in DEFINITIONS if each.kind.kind == "PackageRevision")
    (matrix, _) = (
        rule
        for rule in root_schema(definition)["x-kubernetes-validations"]
        if rule.get("fieldPath") == ".spec.lifecycle"
    )

    assert all(f"oldSelf.spec.lifecycle == '{state}'" in matrix["rule"] for state in Lifecycle)
    assert all(f"'{state}': '" in matrix["messageExpression"] for state in Lifecycle)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: str(each.name))
def test_every_policy_is_bound_and_fails_closed(policy: Policy) -> None:
    """A policy without a binding does nothing, and one that fails open protects nothing."""
    definition, binding = manifests(policy)

    assert definition["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"] == {
        "policyName": definition["metadata"]["name"],
        "validationActions": ["Deny"],
    }


def test_the_kustomization_has_every_generated_file() -> None:
    """A kind that is not installed is missed only when somebody uses it."""
    listed = yaml.safe_load((ROOT / "crds" / "kustomization.yaml").read_text())["resources"]

    assert {f"crds/{each}" for each in listed} == {
        path for path in generated_files() if path.startswith("crds/")
    }
