"""Modules and built-in functions that a Starlark script of the catalogue may expect.

`load("krmfn.star", "krmfn")` and, of the Go interpreter's library, `encoding/json.star`,
`encoding/base64.star`, `math.star`, `hash.star` and `re.star`. Those that reach outside the script
(`http`, `time`, files) or need a parser of their own are refused by name.
`krmfn.match_gvk` follows the SDK's rule: an empty group, version or kind, asked for or found,
matches anything.
Errors: whatever a function here raises, the interpreter turns into the script's error.
"""

import base64
import hashlib
import json
import math
from collections.abc import Callable

import re2  # type: ignore[import-untyped]  # it ships no types
import starlark

_KRMFN = """
def _accepts(wanted, found):
    return wanted == "" or found == "" or wanted == found

def _match_gvk(resource, api_version, kind):
    wanted, found = api_version.rpartition("/"), resource.get("apiVersion", "").rpartition("/")
    return (
        _accepts(wanted[0], found[0]) and _accepts(wanted[2], found[2])
        and _accepts(kind, resource.get("kind", ""))
    )

def _match_name(resource, name):
    return resource.get("metadata", {}).get("name") == name

def _match_namespace(resource, namespace):
    return resource.get("metadata", {}).get("namespace") == namespace

krmfn = struct(match_gvk = _match_gvk, match_name = _match_name, match_namespace = _match_namespace)
"""
Callables = dict[str, Callable[..., object]]


def install_builtins(module: starlark.Module, printed: list[str]) -> None:
    """Give a script `print`, whose lines are collected, and `set`, which yields a list."""

    def print_line(*values: object) -> None:
        printed.append(" ".join(map(_shown, values)) + "\n")

    module.add_callable("print", print_line)
    module.add_callable("set", _unique)


def load_module(name: str) -> starlark.FrozenModule:
    """The module that `load(name, ...)` asks for."""
    source = _SOURCES.get(name)
    callables = _LIBRARIES.get(name)
    if source is None and callables is None:
        known = ", ".join(sorted([*_SOURCES, *_LIBRARIES]))
        raise ValueError(f"module {name!r} must be one of {known}")
    module = starlark.Module()
    for function, implementation in (callables or {}).items():
        module.add_callable("_" + function, implementation)
    text = source or _facade(name, list(callables or {}))
    dialect = starlark.Dialect.extended()
    extensions = [starlark.LibraryExtension.StructType, starlark.LibraryExtension.Json]
    starlark.eval(
        module, starlark.parse(name, text, dialect), starlark.Globals.extended_by(extensions)
    )
    return module.freeze()


def _facade(name: str, functions: list[str]) -> str:
    """`math.star` with `_ceil` and so on: `math = struct(ceil = _ceil, ...)`."""
    variable = name.rsplit("/", 1)[-1].removesuffix(".star")
    constants = [f"pi = {math.pi!r}", f"e = {math.e!r}"] if variable == "math" else []
    return f"{variable} = struct({', '.join([f'{f} = _{f}' for f in functions] + constants)})"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return str(value)
    return repr(value)


def _unique(values: list[object] | None = None) -> list[object]:
    result: list[object] = []
    for value in values or []:
        if value not in result:
            result.append(value)
    return result


def _findall(pattern: str, text: str, _flags: int = 0) -> list[object]:
    return list(re2.findall(pattern, text))


def _match(pattern: str, text: str, _flags: int = 0) -> list[list[str | None]]:
    return [[found.group(0), *found.groups()] for found in re2.finditer(pattern, text)]


def _sub(pattern: str, replacement: str, text: str, count: int = 0, _flags: int = 0) -> str:
    return str(re2.sub(pattern, replacement, text, count))


def _split(pattern: str, text: str, limit: int = 0, _flags: int = 0) -> list[str]:
    return list(re2.split(pattern, text, limit))


def _dumps(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _base64_encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64_decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _digest(algorithm: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


_MATH = ("ceil", "floor", "fabs", "exp", "sqrt", "pow", "log", "sin", "cos", "tan", "degrees")
_JSON: Callables = {
    "dumps": _dumps,
    "loads": json.loads,
    "encode": _dumps,
    "decode": json.loads,
}
_SOURCES = {"krmfn.star": _KRMFN}
_LIBRARIES: dict[str, Callables] = {
    "encoding/base64.star": {"encode": _base64_encode, "decode": _base64_decode},
    "encoding/json.star": _JSON,
    "json.star": _JSON,
    "hash.star": {"md5": _digest("md5"), "sha1": _digest("sha1"), "sha256": _digest("sha256")},
    "math.star": {name: getattr(math, name) for name in _MATH},
    "re.star": {"findall": _findall, "match": _match, "sub": _sub, "split": _split},
}
