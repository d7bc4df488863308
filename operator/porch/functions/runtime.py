"""Which runtime runs a function: the first of a chain that serves it.

A runtime answers a call, or says that it does not serve the function by returning None. The chain
is the `Evaluate` of a render: built-in ports, then executables where they are allowed, then
whatever else it was built with.
Errors    FunctionNotFound (as FunctionNotRun) when no runtime serves the function.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from porch.errors import Permanent
from porch.functions.builtin.contract import (
    Builtin,
    BuiltinCall,
    Rejected,
    SchemaFiles,
    Untrusted,
    failed,
)
from porch.functions.builtin.contract import error as error_result
from porch.functions.images import Image
from porch.functions.registry import PORTS, FunctionRegistry, Served
from porch.functions.sandbox.limits import LimitExceeded, RefusedByChild
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.yaml.node import WrongNode


class FunctionNotFound(FunctionNotRun):
    """No runtime serves the function."""

    reason = "FunctionNotFound"


class FunctionRuntime(Protocol):
    """Runs the functions that it serves."""

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """The outcome of a call; None when the function is not one of this runtime's."""
        ...


@dataclass(frozen=True, slots=True)
class Chain:
    """The runtimes in order; the `Evaluate` of a render."""

    runtimes: Sequence[FunctionRuntime]
    registry: FunctionRegistry = field(default_factory=FunctionRegistry)

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        for runtime in self.runtimes:
            output = runtime.evaluate(call)
            if output is not None:
                return output
        raise FunctionNotFound(self._not_found(call))

    def _not_found(self, call: FunctionCall) -> str:
        if call.image is None:
            return f"executable {call.exec!r} must be run where executables are allowed"
        image = self.registry.resolve(call.image, tag=call.tag)
        port = PORTS.get(image.name)
        if port is None or image.digest:
            hint = "a function runner would run it; built in are " + ", ".join(sorted(PORTS))
        else:
            tags = ", ".join(("latest", *port.tags))
            hint = (
                f"built in are its tags {tags}; a function runner, or a FunctionConfig that names"
                " the tag, would run it"
            )
        return f"no runtime serves function {str(image)!r}: {hint}"


@dataclass(frozen=True, slots=True)
class BuiltinRuntime:
    """Ports of catalogue functions, in this process; imported on first use."""

    untrusted: Untrusted
    registry: FunctionRegistry = field(default_factory=FunctionRegistry)
    schema_files: SchemaFiles = field(default_factory=SchemaDirectories)

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """Run the port that serves the image, if there is one."""
        if call.image is None:
            return None
        image = self.registry.resolve(call.image, tag=call.tag)
        served = self.registry.builtin(image)
        return None if served is None else self._run(served, image, call)

    def _run(self, served: Served, image: Image, call: FunctionCall) -> FunctionOutput:
        request = BuiltinCall(
            items=call.items,
            config=call.config,
            edition=served.edition,
            untrusted=self.untrusted,
            schema_files=self.schema_files,
        )
        try:
            output = load_port(served.module)(request)
        except (Rejected, LimitExceeded, RefusedByChild, WrongNode) as err:
            output = _failure(request, err)
        return replace(output, image=str(image))


def _failure(request: BuiltinCall, err: Rejected | Permanent) -> FunctionOutput:
    stderr = err.stderr if isinstance(err, Rejected) else str(err)
    return failed(request.items, [error_result(str(err))], stderr=stderr)


def load_port(module: str) -> Builtin:
    """The function of a port's module."""
    found = importlib.import_module(f"porch.functions.builtin.{module}")
    return cast(Builtin, found.run)
