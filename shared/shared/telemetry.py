"""Metrics and traces. Traces go on across HTTP and across the topics: `traceparent` travels in both."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics

_tracer = trace.get_tracer("doudi")
# Buckets in seconds: finer where the targets lie.
_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def configure_traces(*, service: str, otlp_endpoint: str | None) -> None:
    """Make spans for this process and, where an endpoint is set, send them."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return  # several apps in one process share the provider of the first
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if otlp_endpoint is not None:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def instrument_http(app: FastAPI, registry: CollectorRegistry) -> None:
    """Request metrics by route template, and one span per request."""
    instrumentator = Instrumentator(
        excluded_handlers=["/livez", "/readyz", "/metrics"], registry=registry, should_group_status_codes=False
    )
    instrumentator.add(metrics.requests(registry=registry))
    instrumentator.add(metrics.latency(buckets=_LATENCY_BUCKETS, registry=registry))
    instrumentator.instrument(app)
    # Spans of their own for the parts of a body would cost more than the request's, and say nothing.
    FastAPIInstrumentor.instrument_app(app, excluded_urls="livez,readyz,metrics", exclude_spans=["receive", "send"])


def current_traceparent() -> str | None:
    """The W3C traceparent of the running span, to travel with an event."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def continued_span(name: str, traceparent: str | None) -> Iterator[None]:
    """A span that goes on where the event's sender was."""
    context = extract({"traceparent": traceparent}) if traceparent is not None else None
    with _tracer.start_as_current_span(name, context=context):
        yield
