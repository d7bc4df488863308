"""The functions of the golden cases: programs found on a PATH of their own."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from porch.kpt.evaluate import FunctionCall, FunctionNotRun, FunctionOutput
from porch.kpt.resourcelist import read_output, write_input

NO_DOCKER = (
    "exit status 1\ndocker must be running to use this command\n"
    "To install docker, follow the instructions at https://docs.docker.com/get-docker/.\n"
)


@dataclass(frozen=True, slots=True)
class Executables:
    """Evaluates functions by running the programs in `directory`; keeps what they were given."""

    directory: Path
    inputs: list[str]

    def __call__(self, call: FunctionCall) -> FunctionOutput:
        if call.exec is None:
            raise FunctionNotRun(NO_DOCKER)
        text = write_input(call.items, call.config)
        self.inputs.append(text)
        words = shlex.split(call.exec)
        ours = Path(sys.executable).parent  # the functions are Python, and need PyYAML
        path = os.pathsep.join((str(self.directory), str(ours), os.environ["PATH"]))
        program = shutil.which(words[0], path=path)
        if program is None:
            raise FunctionNotRun(
                f'unexpected function error: exec: "{words[0]}": executable file not found in $PATH'
            )
        environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [program, *words[1:]],
            input=text.encode(),
            capture_output=True,
            env=environment,
            timeout=60,
            check=False,
        )
        output = read_output(done.stdout.decode())
        return FunctionOutput(
            items=output.items,
            results=output.results,
            stderr=done.stderr.decode(),
            exit_code=done.returncode,
            through_text=True,
            is_empty=output.is_empty,
        )
