"""Packages and functions for tests of render: small, in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.render import RenderOptions, render
from porch.kpt.resourcelist import read_output, write_input
from porch.kpt.yaml.node import Node

Function = Callable[[FunctionCall], FunctionOutput]


def kptfile(*mutators: str, validators: tuple[str, ...] = (), annotations: str = "") -> str:
    """A Kptfile whose pipeline holds these steps, each the text of one list element."""
    text = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: root\n"
    if annotations:
        text += f'  annotations:\n    {annotations}: "true"\n'
    if mutators or validators:
        text += "pipeline:\n"
    for section, steps in (("mutators", mutators), ("validators", validators)):
        if steps:
            text += f"  {section}:\n" + "".join(f"    - {step}\n" for step in steps)
    return text


def config_map(name: str, data: str = "k: v") -> str:
    """A ConfigMap with one line of data."""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  {data}\n"


@dataclass(slots=True)
class Functions:
    """Functions inside the process, by image; what they were called with is kept."""

    known: Mapping[str, Function] = field(default_factory=dict)
    calls: list[FunctionCall] = field(default_factory=list)

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        self.calls.append(call)
        function = self.known.get(call.title)
        if function is None:
            raise FunctionNotRun(f"no function {call.title!r}")
        return function(call)


def unchanged(call: FunctionCall) -> FunctionOutput:
    """Returns what it was given."""
    return FunctionOutput(items=call.items)


def label(call: FunctionCall) -> FunctionOutput:
    """Sets a label on every item, in place."""
    for item in call.items:
        item.child("metadata").child("labels").set("l", "v")
    return FunctionOutput(items=call.items)


def failing(call: FunctionCall) -> FunctionOutput:
    """Exits with code 3."""
    return FunctionOutput(items=call.items, exit_code=3, stderr="first\nit broke\n")


def printing(text: str) -> Function:
    """A function outside of the process that prints `text`."""

    def function(_: FunctionCall) -> FunctionOutput:
        output = read_output(text)
        return FunctionOutput(
            items=output.items,
            results=output.results,
            through_text=True,
            is_empty=output.is_empty,
        )

    return function


def through_text(edit: Callable[[str], str]) -> Function:
    """A function outside of the process that edits the text of its input."""
    return lambda call: printing(edit(write_input(call.items, call.config)))(call)


def generating(item: Node) -> Function:
    """Appends a copy of `item`."""
    return lambda call: FunctionOutput(items=[*call.items, item.clone()])


def rendered(
    files: Mapping[str, str | bytes], options: RenderOptions | None = None, **functions: Function
) -> Rendered:
    """The outcome of a render that must succeed; functions are named without their `-`."""
    outcome = attempt(files, options, **functions)
    assert isinstance(outcome, Rendered), outcome
    return outcome


def failed(
    files: Mapping[str, str | bytes], options: RenderOptions | None = None, **functions: Function
) -> RenderFailed:
    """The outcome of a render that must fail."""
    outcome = attempt(files, options, **functions)
    assert isinstance(outcome, RenderFailed), outcome
    return outcome


def attempt(
    files: Mapping[str, str | bytes], options: RenderOptions | None = None, **functions: Function
) -> Rendered | RenderFailed:
    known = {"label": label, "fail": failing, "noop": unchanged, **functions}
    return render(
        files, evaluate=Functions(known), options=options or RenderOptions(has_status=False)
    )
