"""Calls of built-in functions in tests: items and config as text, answers as text."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from porch.functions.builtin.contract import (
    Builtin,
    BuiltinCall,
    Edition,
    SchemaFiles,
    Untrusted,
)
from porch.functions.sandbox.parent import Sandbox
from porch.functions.sandbox.wire import Found, StarlarkDone
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

CATALOGUE, CORRECTED = Edition.CATALOGUE, Edition.CORRECTED


class NothingUntrusted:
    """For calls that must not need the sandbox: whoever asks it fails the test."""

    def run_starlark(self, source: str, resource_list: str) -> StarlarkDone:
        """Nothing is run."""
        raise AssertionError(f"no script must be run, found {source!r}")

    def search(self, pattern: str, texts: list[str]) -> list[Found | None]:
        """Nothing is searched."""
        raise AssertionError(f"no pattern must be searched, found {pattern!r}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered, as text."""

    text: str
    results: list[str]
    output: FunctionOutput

    @property
    def exit_code(self) -> int:
        return self.output.exit_code


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one built-in."""

    function: Builtin
    untrusted: Untrusted
    schema_files: SchemaFiles = field(default_factory=SchemaDirectories)

    def __call__(
        self, text: str, *, config: str | None = None, edition: Edition = CATALOGUE
    ) -> Answer:
        call = BuiltinCall(
            items=items(text),
            config=items(config)[0] if config else None,
            edition=edition,
            untrusted=self.untrusted,
            schema_files=self.schema_files,
        )
        output = self.function(call)
        return Answer(written(output.items), [str(result) for result in output.results], output)


def calling(function: Builtin) -> Caller:
    """Calls that need no sandbox."""
    return Caller(function, NothingUntrusted())


@contextmanager
def calling_with_sandbox(function: Builtin) -> Iterator[Caller]:
    """Calls that may use a sandbox child."""
    with Sandbox() as sandbox:
        yield Caller(function, sandbox)


def items(text: str) -> list[Node]:
    """The documents of a text."""
    return [document.root for document in parse(text)]


def written(nodes: list[Node]) -> str:
    """The text of items."""
    return "---\n".join(map(emit_document, nodes))


def config_map(**data: str) -> str:
    """The config that kpt makes of a Kptfile's configMap; `_` stands for `-` in names."""
    fields = Node.mapping((name.replace("_", "-"), text) for name, text in data.items())
    config = Node.mapping(
        (
            ("apiVersion", "v1"),
            ("kind", "ConfigMap"),
            ("metadata", Node.mapping((("name", "function-input"),))),
            ("data", fields),
        )
    )
    return emit_document(config)


def resource(kind: str, *body: str, api_version: str = "v1", name: str = "a") -> str:
    """A resource; `body` are further lines."""
    lines = [f"apiVersion: {api_version}", f"kind: {kind}", "metadata:", f"  name: {name}", *body]
    return "\n".join(lines) + "\n"


def in_file(path: str, *annotations: str) -> tuple[str, ...]:
    """Lines of metadata: where a resource is, and further annotations."""
    lines = (f"internal.config.kubernetes.io/path: '{path}'", *annotations)
    return ("  annotations:", *(f"    {line}" for line in lines))


def several(*texts: str) -> str:
    """Resources one after the other."""
    return "---\n".join(texts)
