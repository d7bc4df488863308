"""Who answers: the first evaluator, in a fixed order, that serves the function."""

from collections.abc import Sequence
from dataclasses import dataclass

from porch_function_runner.evaluation import (
    Deadline,
    EvaluationRequest,
    EvaluationResponse,
    Evaluator,
)
from porch_function_runner.failures import NotServed


@dataclass(frozen=True, slots=True)
class EvaluatorChain:
    """Evaluators in the order in which they are asked."""

    evaluators: Sequence[Evaluator]

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """The first answer; NotServed when nobody has the function."""
        for evaluator in self.evaluators:
            try:
                return await evaluator.evaluate(request, deadline)
            except NotServed:
                continue
        asked = ", ".join(each.name for each in self.evaluators)
        hint = f"asked were {asked}" if asked else "no runtime is enabled (`--disable-runtimes`)"
        raise NotServed(request.image, hint)
