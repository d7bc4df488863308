"""Answers of functions that are pinned by digest, kept for the next call with the same input.

Pure state; one event loop. The digest names the function's exact bytes and functions are pure, so
an answer never grows old; only successes are kept.
Key       digest of the image, SHA-256 of the input.
Bounds    bytes of the answers kept; the least recently used go first.
Cost      hashing of the input, about 2 ms for 1 MiB without and 0.6 ms with SHA instructions.
"""

import hashlib
from collections import OrderedDict
from typing import NamedTuple

from porch.functions.images import Image
from porch_function_runner.chain import Evaluate
from porch_function_runner.evaluation import Deadline, EvaluationRequest, EvaluationResponse
from porch_function_runner.meters import CacheMeter


class _Key(NamedTuple):
    function: str
    input: bytes


_OVERHEAD_BYTES = 500  # of one entry beside the answer


class ResultCache:
    """Asks `evaluate` for what it does not know."""

    def __init__(self, evaluate: Evaluate, *, max_bytes: int, meter: CacheMeter) -> None:
        self._evaluate = evaluate
        self._max_bytes = max_bytes
        self._meter = meter
        self._kept: OrderedDict[_Key, EvaluationResponse] = OrderedDict()
        self._bytes = 0

    async def evaluate(self, request: EvaluationRequest, deadline: Deadline) -> EvaluationResponse:
        """The answer, known or new."""
        digest = Image.parse(request.image).digest
        if not digest or not self._max_bytes:
            return await self._evaluate(request, deadline)
        key = _Key(digest, hashlib.sha256(request.resource_list).digest())
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            self._meter.hit()
            return kept
        self._meter.missed()
        response = await self._evaluate(request, deadline)
        self._keep(key, response)
        return response

    def clear(self) -> None:
        """Forget everything: what runs for an image may have changed."""
        self._kept.clear()
        self._bytes = 0
        self._meter.keeps(self._bytes)

    def state(self) -> dict[str, object]:
        """What is kept."""
        return {"entries": len(self._kept), "bytes": self._bytes, "max_bytes": self._max_bytes}

    def _keep(self, key: _Key, response: EvaluationResponse) -> None:
        if _size(response) > self._max_bytes or key in self._kept:
            return
        self._kept[key] = response
        self._bytes += _size(response)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)
        self._meter.keeps(self._bytes)


def _size(response: EvaluationResponse) -> int:
    return len(response.resource_list) + len(response.log) + _OVERHEAD_BYTES
