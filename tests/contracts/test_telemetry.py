"""What operations see of a request: one span, by the template of its route, in the trace of who asked."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.contracts.service import Service

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans(unconnected: Service) -> Iterator[InMemorySpanExporter]:
    # A service has set the provider when it was built.
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    # A provider never lets go of a processor: this one keeps nothing more.
    exporter.shutdown()


async def test_every_operation_is_one_span_named_by_its_route_in_the_trace_of_who_asked(
    unconnected: Service, spans: InMemorySpanExporter
) -> None:
    for endpoint in unconnected.endpoints:
        spans.clear()
        await unconnected.http.request(
            endpoint.method, endpoint.target(), headers={"traceparent": f"00-{TRACE}-{SPAN}-01"}
        )
        [span] = spans.get_finished_spans()
        assert span.name == f"{endpoint.method} {endpoint.path}"
        assert _parent(span) == (TRACE, SPAN)


async def test_who_asks_whether_a_service_lives_leaves_no_span(
    unconnected: Service, spans: InMemorySpanExporter
) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        await unconnected.http.get(path)
    assert spans.get_finished_spans() == ()


def _parent(span: ReadableSpan) -> tuple[str, str] | None:
    parent = span.parent
    return parent and (format(parent.trace_id, "032x"), format(parent.span_id, "016x"))
