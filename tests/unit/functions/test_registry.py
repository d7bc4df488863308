"""Images: how they are resolved, and what serves them."""

import re
from pathlib import Path

import pytest

from porch.api.functionconfig import BinaryExecutor, FunctionConfigSpec, GoExecutor, PodExecutor
from porch.functions.builtin.contract import Edition
from porch.functions.images import BadImage, Image
from porch.functions.registry import PORTS, FunctionRegistry, Served
from porch.functions.runtime import Chain, FunctionNotFound, load_port
from porch.kpt.evaluate import FunctionCall

PREFIX = "ghcr.io/kptdev/krm-functions-catalog"
SHIPPED = FunctionRegistry()


@pytest.mark.parametrize(
    ("text", "tag", "resolved"),
    [
        ("set-namespace", "", f"{PREFIX}/set-namespace:latest"),
        ("set-namespace:v0.4.1", "", f"{PREFIX}/set-namespace:v0.4.1"),
        ("set-namespace:v0.4.1", "v0.5", f"{PREFIX}/set-namespace:v0.5"),
        ("gcr.io/kpt-fn/set-namespace:v0.4", "", "gcr.io/kpt-fn/set-namespace:v0.4"),
        ("localhost:5000/fn", "", "localhost:5000/fn:latest"),
        ("fn@sha256:ab", "", f"{PREFIX}/fn@sha256:ab"),
        ("fn:v1@sha256:ab", "", f"{PREFIX}/fn:v1@sha256:ab"),
    ],
)
def test_a_reference_is_completed(text: str, tag: str, resolved: str) -> None:
    """As kpt does it before any runtime sees the image."""
    assert str(SHIPPED.resolve(text, tag=tag)) == resolved


@pytest.mark.parametrize("text", ["", ":v1", "/fn", " fn", "a/"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """Rather than looked for."""
    with pytest.raises(BadImage):
        Image.parse(text)


@pytest.mark.parametrize(
    ("image", "edition"),
    [
        ("set-namespace:v0.4.1", Edition.CATALOGUE),
        ("set-namespace:v0.4", Edition.CATALOGUE),
        ("gcr.io/kpt-fn/set-namespace:v0.4.1", Edition.CATALOGUE),
        ("set-namespace", Edition.CORRECTED),
        ("set-namespace:latest", Edition.CORRECTED),
        ("set-namespace:v0.1", None),  # behaves otherwise
        ("set-namespace:v9.9", None),  # unknown here
        ("set-namespace:v0.4.1@sha256:ab", None),  # names exact bytes
        ("example.com/set-namespace:v0.4.1", None),
        (f"{PREFIX}-evil/set-namespace:v0.4.1", None),
        ("builtins/gen-pkg-context", Edition.CATALOGUE),
    ],
)
def test_a_built_in_serves_the_tags_whose_behaviour_it_has(
    image: str, edition: Edition | None
) -> None:
    """Everything else must reach the image itself."""
    served = SHIPPED.builtin(SHIPPED.resolve(image))

    assert (served.edition if served else None) == edition


def test_the_reference_page_lists_the_tags_that_are_served() -> None:
    """People choose a tag by that page."""
    page = Path(__file__).parents[3] / "docs" / "reference" / "functions.md"
    row = re.compile(r"^\| `([a-z-]+)` \| ((?:`v[0-9.]+`(?:, )?)+) \|$", re.MULTILINE)
    listed = {
        name: tuple(re.findall(r"`([^`]+)`", tags)) for name, tags in row.findall(page.read_text())
    }

    assert listed == {name: port.tags for name, port in PORTS.items() if port.tags}


def test_every_port_can_be_loaded() -> None:
    """The table names modules by text."""
    assert all(callable(load_port(port.module)) for port in PORTS.values())


def config(
    *tags: str, image: str = "set-namespace", prefixes: tuple[str, ...] = ("",), builtin: str = ""
) -> FunctionConfigSpec:
    """A config that binds a built-in to tags."""
    go = GoExecutor(tags=list(tags), id=builtin)
    return FunctionConfigSpec(image=image, prefixes=list(prefixes), go_executor=go)


def test_a_config_states_the_tags_of_a_built_in() -> None:
    """In place of those it ships with; newer than the catalogue's means corrected."""
    registry = FunctionRegistry.of([config("v0.4.2", "v0.6.0")])

    def edition(tag: str) -> Edition | None:
        served = registry.builtin(registry.resolve(f"set-namespace:{tag}"))
        return served.edition if served else None

    assert [edition(tag) for tag in ("v0.4.2", "v0.6.0", "v0.4.1", "latest")] == [
        Edition.CATALOGUE,
        Edition.CORRECTED,
        None,
        None,
    ]


def test_a_config_can_serve_another_name_and_registry() -> None:
    """A mirror, or a renamed image."""
    registry = FunctionRegistry.of(
        [config("v1", image="my-ns", prefixes=("example.com/fn/",), builtin="set-namespace")]
    )

    served = registry.builtin(registry.resolve("example.com/fn/my-ns:v1"))

    assert served == Served("set_namespace", Edition.CORRECTED)
    assert registry.builtin(registry.resolve("example.com/my-ns:v1")) is None


def test_no_prefixes_admit_any_registry() -> None:
    """As the API says."""
    registry = FunctionRegistry.of([config("v0.4.1", prefixes=())])

    assert registry.builtin(registry.resolve("anywhere.example/set-namespace:v0.4.1"))


def test_a_config_without_a_built_in_leaves_the_shipped_one() -> None:
    """Pods for other tags do not switch it off."""
    pods = FunctionConfigSpec(image="set-namespace", pod_executor=PodExecutor())
    registry = FunctionRegistry.of([pods])

    assert registry.builtin(registry.resolve("set-namespace:v0.4.1"))


def test_a_config_names_an_executable() -> None:
    """For the runner."""
    binary = BinaryExecutor(tags=["v1"], path="bin/x")
    registry = FunctionRegistry.of([FunctionConfigSpec(image="x", binary_executor=binary)])

    assert registry.executable(registry.resolve("x:v1")) == "bin/x"
    assert registry.executable(registry.resolve("x:v2")) is None
    assert registry.executable(registry.resolve("x:v1@sha256:ab")) is None


@pytest.mark.parametrize("listed", ["ab12", "sha256:ab12"])
def test_an_executable_serves_a_digest_only_when_it_is_listed(listed: str) -> None:
    """Whoever lists it says that the executable is that image's; the tag beside it is no matter."""
    binary = BinaryExecutor(tags=[listed, "v1"], path="x")
    registry = FunctionRegistry.of([FunctionConfigSpec(image="x", binary_executor=binary)])

    def served(image: str) -> bool:
        return registry.executable(registry.resolve(image)) is not None

    assert served("x@sha256:ab12")
    assert served("x:v2@sha256:ab12")
    assert not served("x:v1@sha256:cd34")
    assert not served("x:ab1")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (FunctionCall(image="nope:v1"), ["/nope:v1'", "function runner", "set-namespace"]),
        (FunctionCall(image="set-labels:v0.1.3"), ["/set-labels:v0.1.3'", "v0.2.0", "latest"]),
        (FunctionCall(exec="./x"), ["'./x'", "where executables are allowed"]),
    ],
)
def test_a_function_that_nobody_serves_is_named_with_what_would(
    call: FunctionCall, words: list[str]
) -> None:
    """The message alone must let the user go on."""
    with pytest.raises(FunctionNotFound) as caught:
        Chain([])(call)

    assert [word for word in words if word not in str(caught.value)] == []
