"""Who answers: the first evaluator, in a fixed order, that serves the function."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from porch.errors import PorchError
from porch.runtime.tracing import working
from porch_function_runner.evaluation import (
    Deadline,
    EvaluationRequest,
    EvaluationResponse,
    Evaluator,
)
from porch_function_runner.failures import NotServed
from porch_function_runner.meters import EvaluationMetrics

Evaluate = Callable[[EvaluationRequest, Deadline], Awaitable[EvaluationResponse]]


@dataclass(frozen=True, slots=True)
class EvaluatorChain:
    """Evaluators in the order in which they are asked."""

    evaluators: Sequence[Evaluator]
    metrics: EvaluationMetrics

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """The first answer; NotServed when nobody has the function."""
        for evaluator in self.evaluators:
            try:
                return await self._measured(evaluator, request, deadline)
            except NotServed:
                continue
        asked = ", ".join(each.name for each in self.evaluators)
        hint = (
            f"asked were {asked}; list its tag in a FunctionConfig with a `binaryExecutor`, or let"
            " the runner use pods (`--disable-runtimes`)"
            if asked
            else "no runtime is enabled (`--disable-runtimes`)"
        )
        raise NotServed(request.image, hint)

    async def _measured(
        self, evaluator: Evaluator, request: EvaluationRequest, deadline: Deadline
    ) -> EvaluationResponse:
        begun = time.monotonic()
        outcome = "ok"
        try:
            with working(f"evaluate {evaluator.name}", {"function.image": request.image}):
                return await evaluator.evaluate(request, deadline)
        except PorchError as err:
            outcome = type(err).__name__
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            if outcome != NotServed.__name__:
                took = time.monotonic() - begun
                self.metrics.evaluated(evaluator.name, request.image, outcome, took=took)
