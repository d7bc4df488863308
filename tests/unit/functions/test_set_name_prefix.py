"""set-name-prefix: which names change, and what follows them."""

import pytest

from porch.functions.builtin import set_name_prefix
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    calling,
    config_map,
    items,
    resource,
    several,
)

call = calling(set_name_prefix.run)
LOCAL = ("  annotations:", "    config.kubernetes.io/local-config: 'true'")
CONTEXT = resource("ConfigMap", *LOCAL, "data:", "  name: shop", name="kptfile.kpt.dev")


def renamed(
    name: str, *, kind: str = "ConfigMap", edition: Edition = CORRECTED, **config: str
) -> str:
    """The name that an item gets."""
    text = several(CONTEXT, resource(kind, name=name))
    answer = call(text, config=config_map(**config) if config else None, edition=edition)
    assert answer.exit_code == 0
    return items(answer.text)[1].text("metadata", "name")


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("packagename", {}, "shop"),
        ("packagename-db", {}, "shop-db"),
        ("packagenames", {}, "packagenames"),
        ("my-packagename", {}, "my-packagename"),
        ("packagename-db", {"prefix": "x"}, "x-db"),
        ("old-db", {"oldPrefix": "old"}, "shop-db"),
        ("packagename-db", {"oldPrefix": "old"}, "packagename-db"),
    ],
)
@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_the_placeholder_gives_way_to_the_packages_name(
    edition: Edition, name: str, config: dict[str, str], expected: str
) -> None:
    """Only where it is a whole part of the name."""
    assert renamed(name, edition=edition, **config) == expected


def test_references_follow() -> None:
    """A Deployment must find its ConfigMap; an object of another package did not move."""
    deployment = resource(
        "Deployment",
        "spec:",
        "  template:",
        "    spec:",
        "      containers:",
        "      - envFrom:",
        "        - configMapRef: {name: packagename-env} # c",
        "        - configMapRef: {name: packagename-other}",
        api_version="apps/v1",
    )

    answer = call(several(CONTEXT, resource("ConfigMap", name="packagename-env"), deployment))

    assert "configMapRef: {name: shop-env} # c" in answer.text
    assert "configMapRef: {name: packagename-other}" in answer.text


@pytest.mark.parametrize(("edition", "name"), [(CATALOGUE, "packagename"), (CORRECTED, "shop")])
def test_only_the_corrected_edition_follows_in_depends_on(edition: Edition, name: str) -> None:
    """An apply that waits for an object that is not there waits for ever."""
    reference = "/namespaces/default/ConfigMap/"
    note = f"    config.kubernetes.io/depends-on: {reference}packagename, {reference}foreign"
    text = several(
        CONTEXT, resource("ConfigMap", name="packagename"), resource("Pod", "  annotations:", note)
    )

    answer = call(text, edition=edition)

    assert f"depends-on: {reference}{name}, {reference}foreign" in answer.text


@pytest.mark.parametrize(("edition", "name"), [(CATALOGUE, "shop"), (CORRECTED, "packagename")])
def test_only_the_catalogue_renames_a_kptfile(edition: Edition, name: str) -> None:
    """Its name is that of the package already, or it is meant."""
    text = several(CONTEXT, resource("Kptfile", api_version="kpt.dev/v1", name="packagename"))

    kptfile = items(call(text, edition=edition).text)[1]

    assert kptfile.text("metadata", "name") == name


def test_local_config_and_the_inventory_keep_their_names() -> None:
    """They are never applied, or known to kpt by name."""
    inventory = resource("ResourceGroup", api_version="kpt.dev/v1alpha1", name="packagename")
    text = several(CONTEXT, resource("Tool", *LOCAL, name="packagename"), inventory)

    assert call(text).text == text


@pytest.mark.parametrize(
    ("prefix", "once"), [("packagename-eu", "packagename-eu-db"), ("packagename", "packagename-db")]
)
def test_twice_is_once_even_if_the_new_prefix_begins_with_the_old(prefix: str, once: str) -> None:
    """In the corrected edition; the catalogue adds to the name with every render."""
    assert renamed("packagename-db", prefix=prefix) == once
    assert renamed(once, prefix=prefix) == once


def test_a_shorter_prefix_that_the_old_one_begins_with_is_set() -> None:
    """`shop-eu-db` is not done because it begins with `shop`."""
    assert renamed("shop-eu-db", prefix="shop", oldPrefix="shop-eu") == "shop-db"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("", "unable to find package context object"),
        (several(CONTEXT, CONTEXT), "found multiple matches for package-context object"),
        (
            CONTEXT.replace("name: shop", "x: y"),
            "package name (data.name) not set in package context object",
        ),
    ],
)
def test_the_package_must_be_known_by_name(context: str, message: str) -> None:
    """Where the catalogue is meant, even if the config gives a prefix."""
    config = config_map(prefix="x")

    answer = call(context, config=config)

    assert (answer.results, answer.exit_code) == ([f"[error]: {message}"], 1)
    assert answer.output.stderr == f"failed to evaluate function: error: {message}"
    assert call(context, edition=CORRECTED).exit_code == 1
    assert call(context, config=config, edition=CORRECTED).exit_code == 0


@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_a_prefix_must_not_be_empty(edition: Edition) -> None:
    """Names would begin with a dash."""
    answer = call(CONTEXT, config=config_map(prefix=""), edition=edition)

    assert (answer.results, answer.exit_code) == (
        ["[error]: `data.prefix` should not be empty"],
        1,
    )


def test_a_config_of_another_kind_fails_only_in_the_corrected_edition() -> None:
    """The catalogue tells it, and succeeds."""
    text = several(CONTEXT, resource("ConfigMap", name="packagename"))
    config = resource("Other", api_version="fn.kpt.dev/v1alpha1")

    catalogue = call(text, config=config)
    corrected = call(text, config=config, edition=CORRECTED)

    assert (catalogue.exit_code, catalogue.text) == (0, text)
    assert catalogue.results == [
        "[error]: functionConfig error: unknown functionConfig Kind /, Kind="
    ]
    assert (corrected.exit_code, corrected.results) == (
        1,
        ["[error]: functionConfig must be a `ConfigMap`, found kind `Other`"],
    )
