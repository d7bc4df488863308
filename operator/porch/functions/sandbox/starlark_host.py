"""Runs one Starlark script in this process: the environment that the catalogue's `starlark` offers.

A script sees `ctx.resource_list`, `ctx.environment`, `ctx.open_api` and may `load` the modules of
`starlark_modules`. What it leaves in `ctx.resource_list` is the result; numbers keep their type.
Errors are answers: `Refused` with the interpreter's message, `Exhausted` when steps run out.
Only the sandbox child calls this: it has no limit of its own but the steps.
"""

import re

import starlark

from porch.functions.sandbox.starlark_modules import install_builtins, load_module
from porch.functions.sandbox.wire import Answer, Exhausted, Refused, StarlarkDone, StarlarkJob

_MAX_CALL_DEPTH = 500  # well inside the 8 MiB stack of the process

_EXTENSIONS = [
    starlark.LibraryExtension.StructType,
    starlark.LibraryExtension.Map,
    starlark.LibraryExtension.Filter,
    starlark.LibraryExtension.Partial,
    starlark.LibraryExtension.Json,
]
_PRELUDE = (
    "ctx = struct(resource_list = json.decode(_resource_list), environment = {}, open_api = {})"
)
_ERROR = re.compile(r"^error: (?P<what>.*?)(?:\n *--> (?P<where>\S+)|\Z)", re.M | re.S)
_EPILOGUE = "json.encode(ctx.resource_list)"


def run(job: StarlarkJob) -> Answer:
    """Evaluate the script; whatever happens is an answer."""
    budget = _Budget(job.max_ksteps)
    printed: list[str] = []
    try:
        result = _evaluate(job, budget, printed)
    except starlark.StarlarkError as err:
        return Exhausted("steps") if budget.spent else Refused(_message(err))
    if not isinstance(result, str):
        return Refused("`ctx.resource_list` must be data that JSON can express")
    return StarlarkDone(result, "".join(printed))


class _Budget:
    """Counts the interpreter's check-ins, one each thousand loop turns and calls."""

    def __init__(self, ksteps: int) -> None:
        self._left = ksteps

    @property
    def spent(self) -> bool:
        return self._left <= 0

    def check_in(self) -> bool:
        self._left -= 1
        return self._left <= 0


def _evaluate(job: StarlarkJob, budget: _Budget, printed: list[str]) -> object:
    module = starlark.Module()
    module["_resource_list"] = job.resource_list
    install_builtins(module, printed)
    environment = starlark.Globals.extended_by(_EXTENSIONS)
    options = starlark.EvalOptions(
        check_cancelled=budget.check_in, max_callstack_size=_MAX_CALL_DEPTH
    )
    loader = starlark.FileLoader(load_module)
    result: object = None
    for name, source in (("prelude", _PRELUDE), ("script", job.source), ("epilogue", _EPILOGUE)):
        tree = starlark.parse(name, source, _dialect())
        result = starlark.eval_with(options, module, tree, environment, loader).value
    return result


def _dialect() -> starlark.Dialect:
    dialect = starlark.Dialect.extended()
    dialect.enable_top_level_stmt = True
    dialect.enable_load = True
    return dialect


def _message(err: starlark.StarlarkError) -> str:
    """The interpreter's message without its picture of the source, ending in the position."""
    found = _ERROR.search(str(err))
    if found is None:
        return str(err)
    return f"{found['what'].strip()} (at {found['where']})" if found["where"] else found["what"]
