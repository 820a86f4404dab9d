"""Metrics and traces. Traces go on across HTTP and across the topics: `traceparent` travels in both."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics

_tracer = trace.get_tracer("doudi")
# Buckets in seconds: finer where the targets lie.
_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

PATHS_OF_OPERATIONS = frozenset({"/livez", "/readyz", "/metrics"})
"""What Kubernetes and Prometheus ask all the time: neither measured, nor traced, nor held to a rate."""

REQUEST_SPANS: TelemetryConfig = {
    "auto_configure": False,
    "metrics": False,
    "logs": False,
    # Spans of their own for the parts of a request would cost more than the request's, and say nothing.
    "operation_spans": False,
    "exclude": lambda scope: scope["path"] in PATHS_OF_OPERATIONS,
}
"""One span per request, named by its route, which goes on where the caller's was: FastAPI's own."""


def configure_traces(*, service: str, otlp_endpoint: str | None) -> None:
    """Make spans for this process and, where an endpoint is set, send them."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return  # several apps in one process share the provider of the first
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if otlp_endpoint is not None:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def measure_requests(app: FastAPI, registry: CollectorRegistry) -> None:
    """Request metrics by route template."""
    instrumentator = Instrumentator(
        excluded_handlers=sorted(PATHS_OF_OPERATIONS), registry=registry, should_group_status_codes=False
    )
    instrumentator.add(metrics.requests(registry=registry))
    instrumentator.add(metrics.latency(buckets=_LATENCY_BUCKETS, registry=registry))
    instrumentator.instrument(app)


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
