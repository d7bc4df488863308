"""What a function that failed said, from the details that go with the error.

Pure.
"""

from collections.abc import Iterable

import msgspec
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from porch.functions.wire.evaluator_pb2 import FailedEvaluation
from porch.functions.wire.service import STATUS_DETAILS
from porch.kpt.evaluate import ResultItem, Severity
from porch.kpt.resourcelist import read_results
from porch.kpt.yaml.node import Node


def failed_evaluation(metadata: Iterable[tuple[str, str | bytes]]) -> FailedEvaluation | None:
    """The detail in trailing metadata; None when there is none, or one of another kind."""
    for key, value in metadata:
        if key == STATUS_DETAILS and isinstance(value, bytes):
            try:
                status = Status.FromString(value)
            except DecodeError:
                return None
            said = FailedEvaluation()
            return said if any(each.Unpack(said) for each in status.details) else None
    return None


def results_of(said: FailedEvaluation) -> tuple[ResultItem, ...]:
    """The structured results, the last of which tells of those that were left out."""
    data = msgspec.json.decode(said.results) if said.results else []
    results = read_results(Node.from_data(data))
    if not said.omitted_results:
        return results
    more = f"{said.omitted_results} more results were too many to be sent"
    return (*results, ResultItem(message=more, severity=Severity.INFO))
