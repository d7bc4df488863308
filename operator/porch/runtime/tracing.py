"""Spans across processes: the context travels in the metadata of a call.

Only the API of OpenTelemetry is used. Spans are recorded when a process is started with an SDK, as
`opentelemetry-instrument` does; otherwise all of this does nothing, at no cost to speak of.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind

Pairs = Iterable[tuple[str, str | bytes]]

_TRACER = "porch"


def calling(name: str, attributes: Mapping[str, str]) -> AbstractContextManager[Span]:
    """The span of a call that goes to another process."""
    return _started(name, SpanKind.CLIENT, attributes)


def answering(
    name: str, attributes: Mapping[str, str], metadata: Pairs
) -> AbstractContextManager[Span]:
    """The span of a call that came from another process, a child of the caller's."""
    carrier = {key: value for key, value in metadata if isinstance(value, str)}
    tracer = trace.get_tracer(_TRACER)
    return tracer.start_as_current_span(
        name,
        context=propagate.extract(carrier),
        kind=SpanKind.SERVER,
        attributes=dict(attributes),
    )


def working(name: str, attributes: Mapping[str, str]) -> AbstractContextManager[Span]:
    """The span of a step inside of this process."""
    return _started(name, SpanKind.INTERNAL, attributes)


def outgoing() -> tuple[tuple[str, str], ...]:
    """The metadata that makes the other process's span a child of the current one."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return tuple(carrier.items())


def _started(
    name: str, kind: SpanKind, attributes: Mapping[str, str]
) -> AbstractContextManager[Span]:
    tracer = trace.get_tracer(_TRACER)
    return tracer.start_as_current_span(name, kind=kind, attributes=dict(attributes))
