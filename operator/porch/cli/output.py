"""Where the outcome goes: back into the package, to standard output, or into a new directory.

Effects: writes. `-o` takes kpt's words `stdout` and `unwrap` and any directory that does not exist
yet; `-o json` is short for `--format json`.
Errors    BadArguments, Unwritable.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from porch.cli.directory import PackageDirectory
from porch.cli.errors import BadArguments, Unwritable
from porch.cli.newdirectory import write_new
from porch.cli.replacing import replace_files
from porch.errors import PorchError
from porch.kpt.content import File
from porch.kpt.files import text_of
from porch.kpt.kptfile import KPTFILE, SAVE_ON_FAILURE_ANNOTATION, parse_kptfile
from porch.kpt.outcome import FileData, Rendered, RenderFailed
from porch.kpt.results import results_text
from porch.kpt.runs import FunctionRun
from porch.kpt.writing import resource_list_text, unwrapped_text


class Target(Enum):
    """Kinds of place."""

    IN_PLACE = "in place"
    STDOUT = "stdout"
    UNWRAP = "unwrap"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class Output:
    """What `-o` and `--format` ask for."""

    target: Target
    directory: str = ""
    is_json: bool = False  # the outcome is told as JSON on standard output

    @classmethod
    def of(cls, output: str, form: str) -> "Output":
        """The meaning of the two options."""
        is_json = form == "json" or output == "json"
        match output:
            case "" | "json":
                return cls(Target.IN_PLACE, is_json=is_json)
            case "stdout" | "unwrap" if is_json:
                raise BadArguments(
                    f"`--format json` and `-o {output}` must not both be given: both write to"
                    " standard output"
                )
            case "stdout" | "unwrap":
                return cls(Target(output))
            case _:
                if os.path.lexists(output):
                    raise BadArguments(f"output directory {output!r} must not exist yet")
                return cls(Target.DIRECTORY, output, is_json)

    @property
    def wants_items(self) -> bool:
        """Whether the items are printed."""
        return self.target in (Target.STDOUT, Target.UNWRAP)

    @property
    def is_in_place(self) -> bool:
        """Whether the package itself changes."""
        return self.target is Target.IN_PLACE

    def put(self, rendered: Rendered, package: PackageDirectory) -> None:
        """Bring a success to its place."""
        match self.target:
            case Target.IN_PLACE:
                paths = rendered.changed | rendered.generated
                write = {path: _bytes(rendered.files[path]) for path in paths}
                replace_files(package, write=write, remove=rendered.removed)
            case Target.STDOUT:
                sys.stdout.write(resource_list_text(rendered.items))
            case Target.UNWRAP:
                sys.stdout.write(unwrapped_text(rendered.items))
            case Target.DIRECTORY:
                files = rendered.files
                made = {path: File.of(_bytes(files[path])) for path in rendered.resources}
                write_new(Path(self.directory), made)


def put_partial(failure: RenderFailed, package: PackageDirectory) -> None:
    """What was made before a failure, if the package asks for that; else the package stays."""
    try:
        kptfile = parse_kptfile(text_of(package.files.get(KPTFILE, b""), KPTFILE), source=KPTFILE)
    except PorchError:  # the failure itself says so
        return
    if kptfile.is_set(SAVE_ON_FAILURE_ANNOTATION):
        files = {path: _bytes(data) for path, data in failure.files.items()}
        write = {path: data for path, data in files.items() if package.files.get(path) != data}
        replace_files(package, write=write, remove=())


def write_results(directory: str, functions: Sequence[FunctionRun]) -> str:
    """Write `results.yaml` into the directory; its path, as given."""
    path = Path(directory) / "results.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(results_text(functions).encode())
    except OSError as error:
        raise Unwritable(f"{error.filename!r} must be writable: {error.strerror}") from error
    return f"{directory.rstrip('/')}/results.yaml"


def _bytes(data: FileData) -> bytes:
    return data.encode() if isinstance(data, str) else data
