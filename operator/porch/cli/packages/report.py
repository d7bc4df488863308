"""How a command tells what it did: lines for people, or one JSON object for programs.

Effects: standard output.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from porch.cli.packages.difftext import is_secret
from porch.cli.packages.upstreams import address_of
from porch.cli.terminal import DIFFERENCES, Terminal
from porch.kpt.diff.report import resource_data
from porch.kpt.kptfile import GitRef
from porch.kpt.merge.conflicts import Conflict
from porch.kpt.yaml.node import Data


@dataclass(frozen=True, slots=True)
class Report:
    """Tells in one of the two forms; what is meant for the other one is passed over."""

    is_json: bool
    terminal: Terminal

    @classmethod
    def of(cls, form: str) -> "Report":
        """As `-o` asks."""
        return cls(form == "json", Terminal.of(sys.stdout))

    def line(self, text: str = "") -> None:
        """A line for people."""
        if not self.is_json:
            self.terminal.write(f"{text}\n", DIFFERENCES)

    def text(self, text: str) -> None:
        """Lines for people, with their ends."""
        if not self.is_json:
            self.terminal.write(text, DIFFERENCES)

    def data(self, data: Mapping[str, Data]) -> None:
        """All of it for programs; called once."""
        if self.is_json:
            sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    def conflicts(self, conflicts: Iterable[Conflict]) -> None:
        """Each conflict with the three values, unless they are secret."""
        for each in conflicts:
            self.line(f"conflict: {each}")
            if is_secret(each.resource, each.field):
                continue
            self.line(
                f"    was {_shown(each.base)}, here {_shown(each.ours)},"
                f" upstream {_shown(each.theirs)}"
            )


def place_data(place: GitRef) -> dict[str, Data]:
    """A place in a repository."""
    return {
        "repo": address_of(place.repo).url,
        "directory": place.directory,
        "ref": place.ref,
        "commit": place.commit,
    }


def conflict_data(conflict: Conflict) -> dict[str, Data]:
    """One conflict."""
    resource = conflict.resource
    return {
        "path": conflict.path,
        "resource": None if resource is None else resource_data(resource),
        "field": conflict.field,
        "base": conflict.base,
        "ours": conflict.ours,
        "theirs": conflict.theirs,
        "taken": str(conflict.taken),
    }


def _shown(value: str | None) -> str:
    if value is None:
        return "absent"
    text = json.dumps(value, ensure_ascii=False) if "\n" in value else value
    return text if len(text) <= 60 else f"{text[:59]}…"
