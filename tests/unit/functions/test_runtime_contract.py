"""What every function runtime promises, run against each of them with the same functions."""

import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from porch.functions.executable import ExecutableRuntime
from porch.functions.remote import RemoteRuntime, open_runner
from porch.functions.remotesettings import RemoteSettings
from porch.functions.runtime import BuiltinRuntime, FunctionRuntime
from porch.functions.sandbox.parent import Sandbox
from porch.kpt.evaluate import FunctionCall
from tests.unit.function_runner.program import Program, image, running
from tests.unit.functions.calls import config_map, items, resource, written

pytestmark = pytest.mark.process

_FUNCTION = """\
import sys
text = sys.stdin.read()
{body}
"""
_SET_NAMESPACE = """\
print(text.replace("namespace: old", "namespace: new"), end="")
print("results:\\n- message: done\\n  severity: info")
"""
_FAIL = """\
print(text, end="")
print("results:\\n- message: broken\\n  severity: error")
sys.exit("broken")
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A runtime, and how it is told to run the two functions of this suite."""

    runtime: FunctionRuntime
    setting: Callable[[], FunctionCall]
    failing: Callable[[], FunctionCall]
    foreign: FunctionCall


@pytest.fixture(params=["builtin", "executable", "remote"])
def subject(request: pytest.FixtureRequest, tmp_path: Path, runner: Program) -> Iterator[Subject]:
    """Each runtime in turn."""
    match request.param:
        case "executable":
            yield _executable(tmp_path)
        case "remote":
            with open_runner(RemoteSettings(address=runner.address)) as client:
                yield _remote(RemoteRuntime(client))
        case _:
            with Sandbox() as sandbox:
                yield _builtin(sandbox)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A function runner in a process of its own, with the two functions."""
    functions = {"set": _script(_SET_NAMESPACE), "fail": _script(_FAIL)}
    with running(tmp_path_factory.mktemp("functions"), functions) as program:
        yield program


def _items() -> FunctionCall:
    return FunctionCall(items=items(resource("ConfigMap", "  namespace: old")))


def _builtin(sandbox: Sandbox) -> Subject:
    def call(image: str, **data: str) -> FunctionCall:
        config = items(config_map(**data))[0]
        return FunctionCall(image=image, config=config, items=_items().items)

    return Subject(
        BuiltinRuntime(sandbox),
        lambda: call("set-namespace:v0.4.1", namespace="new"),
        lambda: call("starlark:v0.4.3", source="fail('broken')"),
        FunctionCall(exec="cat"),
    )


def _executable(directory: Path) -> Subject:
    def call(name: str, body: str) -> FunctionCall:
        path = directory / name
        path.write_text(_script(body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return FunctionCall(exec=str(path), items=_items().items)

    return Subject(
        ExecutableRuntime(),
        lambda: call("set", _SET_NAMESPACE),
        lambda: call("fail", _FAIL),
        FunctionCall(image="set-namespace:v0.4.1"),
    )


def _remote(runtime: RemoteRuntime) -> Subject:
    return Subject(
        runtime,
        lambda: FunctionCall(image=image("set"), items=_items().items),
        lambda: FunctionCall(image=image("fail"), items=_items().items),
        FunctionCall(exec="cat"),
    )


def _script(body: str) -> str:
    return f"#!{sys.executable}\n" + _FUNCTION.format(body=body)


def test_a_function_that_succeeds_answers_with_its_items_and_results(subject: Subject) -> None:
    """Exit code 0 and every item."""
    output = subject.runtime.evaluate(subject.setting())

    assert output is not None
    assert output.exit_code == 0
    assert written(output.items) == resource("ConfigMap", "  namespace: new")
    assert output.results


def test_a_function_that_fails_is_a_value(subject: Subject) -> None:
    """Its exit code, results and standard error are what the user needs to see."""
    output = subject.runtime.evaluate(subject.failing())

    assert output is not None
    assert output.exit_code == 1
    assert "broken" in output.results[0].message
    assert output.stderr


def test_a_foreign_function_is_left_to_the_next_runtime(subject: Subject) -> None:
    """The chain goes on."""
    assert subject.runtime.evaluate(subject.foreign) is None


def test_a_runtime_can_be_asked_again_after_a_failure(subject: Subject) -> None:
    """Functions leave nothing behind."""
    subject.runtime.evaluate(subject.failing())

    output = subject.runtime.evaluate(subject.setting())

    assert output is not None
    assert output.exit_code == 0


def test_no_items_are_items(subject: Subject) -> None:
    """A selector may match nothing; the function still runs."""
    call = subject.setting()
    call.items.clear()

    output = subject.runtime.evaluate(call)

    assert output is not None
    assert (output.exit_code, output.items, output.is_empty) == (0, [], False)
