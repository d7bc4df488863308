"""What can be wrong with YAML text. Pure."""

from typing import ClassVar

from porch.errors import Permanent


class BadYaml(Permanent):
    """Text that is not YAML, or that goes beyond a limit; line and column count from 1."""

    reason: ClassVar[str] = "BadYaml"

    def __init__(
        self, problem: str, *, source: str = "", line: int = 0, column: int = 0, in_kpt: str = ""
    ) -> None:
        where = [source] if source else []
        if line:
            where.append(f"line {line}, column {column}" if column else f"line {line}")
        super().__init__(": ".join([*where, problem]))
        self.problem, self.source, self.line, self.column = problem, source, line, column
        self.in_kpt = (
            in_kpt  # the words of kpt's parser, which counts lines from the document's start
        )

    def located(self, source: str, *, first_line: int = 1) -> "BadYaml":
        """This error in the file `source` whose document begins at `first_line`."""
        return BadYaml(
            self.problem,
            source=source,
            line=self.line + first_line - 1 if self.line else 0,
            column=self.column,
            in_kpt=self.in_kpt,
        )
