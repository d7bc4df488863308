"""What a run tells while it goes on and when it ends: people's text, in kpt's layout.

Effects: a clock and the given terminal. In mode KPT the text is kpt's to the byte. In mode DEFAULT
results say the file and line that they are about, and every failure ends in one line that names
file, line and function.
"""

import time
from dataclasses import dataclass, field, replace

from porch.cli.locating import Locator
from porch.cli.terminal import Terminal
from porch.kpt.compatibility import Compatibility
from porch.kpt.outcome import Rendered, RenderFailed
from porch.kpt.runlog import closing_text, event_text
from porch.kpt.runs import Event, FunctionFailed, FunctionPassed, FunctionRun, FunctionStarted
from porch.kpt.yaml.errors import BadYaml


@dataclass(frozen=True, slots=True)
class Timed:
    """A function that ran, and how long."""

    run: FunctionRun
    seconds: float


@dataclass(slots=True)
class RunLog:
    """Hears the events of a render. `terminal` is None when nobody reads them as text."""

    locator: Locator
    mode: Compatibility
    terminal: Terminal | None
    truncate: bool = True
    timed: list[Timed] = field(default_factory=list)
    _begun: float = 0.0

    def report(self, event: Event) -> None:
        """Keep and print one event."""
        seconds = 0.0
        if isinstance(event, FunctionStarted):
            self._begun = time.perf_counter()
        elif isinstance(event, FunctionPassed | FunctionFailed):
            seconds = time.perf_counter() - self._begun
            self.timed.append(Timed(event.run, seconds))
            event = replace(event, run=self._placed(event.run))
        if self.terminal is not None:
            duration = _duration(seconds, self.mode)
            self.terminal.write(event_text(event, duration=duration, truncate=self.truncate))

    def close(self, outcome: Rendered | RenderFailed, *, counts: bool, results_file: str) -> None:
        """Print how it ended; `counts`: a success tells how many functions ran."""
        if self.terminal is None:
            return
        if self.mode is Compatibility.KPT or isinstance(outcome, Rendered):
            self.terminal.write(closing_text(outcome, in_place=counts, results_file=results_file))
            return
        if results_file and outcome.has_begun:
            self.terminal.write(f"For complete results, see {results_file}\n")
        self.terminal.write(f"Error: {self.explanation(outcome)}\n")

    def explanation(self, failure: RenderFailed) -> str:
        """Why it failed, in one line that says where to look."""
        message = " ".join(failure.message.split())
        place = self.locator.of_failure(failure)
        if place is None or isinstance(failure.cause, BadYaml):  # which names its place itself
            return message
        return f"{place}: {message}"

    def _placed(self, run: FunctionRun) -> FunctionRun:
        if self.mode is Compatibility.KPT:
            return run
        results = []
        for result in run.results:
            place = self.locator.of_result(run, result)
            at = f" ({place})" if place else ""
            results.append(replace(result, message=result.message + at))
        return replace(run, results=tuple(results))


def _duration(seconds: float, mode: Compatibility) -> str:
    """As Go prints it, in steps of 100 ms for kpt."""
    if mode is Compatibility.KPT:
        tenths = int(seconds * 10)
        return f"{tenths * 100}ms" if 0 < tenths < 10 else f"{tenths / 10:g}s"
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.1f}s"
