"""Where results are about, in the files as the user has them."""

import pytest

from porch.cli.locating import Locator
from porch.kpt.evaluate import FieldRef, FileRef, ResourceRef, ResultItem
from porch.kpt.runs import FunctionRun
from tests.unit.cli.commandline import CONFIG_MAP, kptfile

TWO = f"{CONFIG_MAP}---\n{CONFIG_MAP.replace('name: a', 'name: b')}"
FILES = {
    "Kptfile": kptfile("image: set-labels:v1", "exec: run me"),
    "two.yaml": TWO,
    "sub/Kptfile": kptfile(),
    "sub/only.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    image: i\n",
    "broken.yaml": "a: [",
}


def result(path: str = "", *, index: int = 0, field: str = "", name: str = "") -> ResultItem:
    return ResultItem(
        message="m",
        file=FileRef(path=path, index=index) if path else None,
        field=FieldRef(path=field) if field else None,
        resource=ResourceRef(kind="ConfigMap", name=name) if name else None,
    )


@pytest.mark.parametrize(
    ("about", "place"),
    [
        (result("two.yaml"), "two.yaml:1"),
        (result("two.yaml", field="data.k"), "two.yaml:6"),
        (result("two.yaml", index=1, field="data.k"), "two.yaml:13"),
        (result("two.yaml", index=1, field="data.absent"), "two.yaml:12"),
        (result("two.yaml", index=7), "two.yaml"),
        (result("only.yaml", field="spec.containers[0].image"), "sub/only.yaml:6"),
        (result("broken.yaml"), "broken.yaml"),
        (result("made-by-a-function.yaml"), "None"),
        (result(name="b", field="metadata.name"), "two.yaml:11"),
        (result(name="nobody"), "None"),
        (result(), "None"),
    ],
)
def test_a_result_is_placed(about: ResultItem, place: str) -> None:
    """By file and field, else by the one resource that it names."""
    assert str(Locator(FILES).of_result(FunctionRun(), about)) == place


@pytest.mark.parametrize(
    ("run", "place"),
    [
        (FunctionRun(image="set-labels:v1"), "Kptfile:7"),
        (FunctionRun(image="ghcr.io/x/set-labels:v1"), "Kptfile:7"),
        (FunctionRun(exec="run me"), "Kptfile:8"),
        (FunctionRun(exec="run me", validator=True), "None"),
        (FunctionRun(exec="another"), "None"),
    ],
)
def test_a_step_is_placed_in_its_kptfile(run: FunctionRun, place: str) -> None:
    """By its image, as written or as resolved, or its command line."""
    assert str(Locator(FILES).of_step(run)) == place


def test_a_function_of_no_pipeline_has_no_step() -> None:
    """`fn eval` may run what the Kptfile happens to name, too."""
    run = FunctionRun(image="set-labels:v1")

    assert Locator(FILES, has_pipeline=False).of_step(run) is None
