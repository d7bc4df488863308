"""Which runtime runs a function: the first of a chain that knows it.

A runtime answers a call, or says that it does not know the function by returning None. The chain
is the `Evaluate` of a render.
Errors    FunctionNotFound (as FunctionNotRun) when no runtime knows the function.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from porch.functions.builtin.contract import (
    Builtin,
    BuiltinCall,
    Edition,
    Rejected,
    Untrusted,
    failed,
)
from porch.functions.builtin.contract import error as error_result
from porch.functions.images import DEFAULT_PREFIX, LATEST, Image
from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput

CATALOGUES = (
    DEFAULT_PREFIX,
    "ghcr.io/kptdev/krm-functions-catalog",
    "gcr.io/kpt-fn",
    "kpt-fn",
)

# Modules of the built-in ports, by the name of the image that they stand for.
BUILTINS: Mapping[str, str] = {
    "apply-setters": "apply_setters",
    "gen-pkg-context": "gen_pkg_context",
    "search-replace": "search_replace",
    "set-annotations": "set_annotations",
    "set-image": "set_image",
    "set-labels": "set_labels",
    "set-namespace": "set_namespace",
}


class FunctionNotFound(FunctionNotRun):
    """No runtime knows the function."""

    reason = "FunctionNotFound"


class FunctionRuntime(Protocol):
    """Runs the functions that it knows."""

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """The outcome of a call; None when the function is not one of this runtime's."""
        ...


@dataclass(frozen=True, slots=True)
class Chain:
    """The runtimes in order; the `Evaluate` of a render."""

    runtimes: Sequence[FunctionRuntime]

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        for runtime in self.runtimes:
            output = runtime.evaluate(call)
            if output is not None:
                return output
        known = ", ".join(sorted(BUILTINS))
        raise FunctionNotFound(
            f"function {call.title!r} must be one that can be run here; built in are: {known}"
        )


@dataclass(frozen=True, slots=True)
class BuiltinRuntime:
    """Ports of catalogue functions, in this process; imported on first use."""

    untrusted: Untrusted

    def evaluate(self, call: FunctionCall) -> FunctionOutput | None:
        """Run a port of the image that is called, whatever its tag."""
        if call.image is None:
            return None
        image = Image.parse(call.image, tag=call.tag)
        module = BUILTINS.get(image.name)
        if module is None or image.repository not in CATALOGUES:
            return None
        builtin = _load(module)
        edition = Edition.CORRECTED if image.tag == LATEST else Edition.CATALOGUE
        try:
            return builtin(
                BuiltinCall(
                    items=call.items,
                    config=call.config,
                    edition=edition,
                    untrusted=self.untrusted,
                )
            )
        except Rejected as err:
            return failed(call.items, [error_result(err.message)], stderr=err.stderr)


def _load(module: str) -> Builtin:
    found = importlib.import_module(f"porch.functions.builtin.{module}")
    return cast(Builtin, found.run)
