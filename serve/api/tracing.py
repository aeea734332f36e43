"""One OpenTelemetry span a request, sent in batches to a collector over OTLP/HTTP; nothing of it without an endpoint.

A span holds the method, the route's template, the status and the request's identifier: never a path, a query or a
caller. It joins the caller's trace by W3C's ``traceparent``; ``tracestate``, which may hold anything, is not taken on.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from contracts.errors import SettingsError
from serve.api.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

_PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_TRACES_PATH = "/v1/traces"
EXPORT_SECONDS = 2.0
"""Longest wait for the collector, for a batch and, at the end of the process, for the last one."""
BATCH_MILLISECONDS = 2_000


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered request, as it may be told."""

    method: str
    route: str
    status: int
    request_id: str
    seconds: float


class Tracer(Protocol):
    """Takes each request when it has been answered."""

    def record(self, answered: Answered, traceparent: str | None) -> None:
        """Record a request that ended now."""

    def close(self) -> None:
        """Send what waits; return within ``EXPORT_SECONDS``, sent or not."""


def make_tracer(endpoint: str | None) -> Tracer | None:
    """Return the tracer that sends to a collector, None without one; SettingsError if its packages are missing."""
    if endpoint is None:
        return None
    if not all(map(_is_installed, _PACKAGES)):
        raise SettingsError(
            ["SCORE_OTLP_ENDPOINT needs the extra `telemetry`: pip install '.[telemetry]' in the checkout"]
        )
    return _SpanTracer(_traces_url(endpoint))


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _traces_url(endpoint: str) -> str:
    """Return where traces go: the endpoint itself, with OTLP's path if it names none.

    >>> _traces_url("http://collector:4318"), _traces_url("https://x/otlp/v1/traces")
    ('http://collector:4318/v1/traces', 'https://x/otlp/v1/traces')
    """
    return endpoint.rstrip("/") + _TRACES_PATH if urlsplit(endpoint).path in {"", "/"} else endpoint


class _SpanTracer:
    def __init__(self, url: str) -> None:
        from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415 - only where traces are asked for
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        provider = _make_provider(url, NoOpMeterProvider())
        self._provider = provider
        self._tracer = provider.get_tracer("escore", VERSION)
        self._kind = SpanKind.SERVER
        self._fault = Status(StatusCode.ERROR)
        self._parent = TraceContextTextMapPropagator()

    def record(self, answered: Answered, traceparent: str | None) -> None:
        """Make the span of a request that ended now, and queue it."""
        ended = time.time_ns()
        given = {} if traceparent is None else {"traceparent": traceparent}
        span = self._tracer.start_span(
            f"{answered.method} {answered.route}",
            context=self._parent.extract(given),
            kind=self._kind,
            attributes={
                "http.request.method": answered.method,
                "http.route": answered.route,
                "http.response.status_code": answered.status,
                "escore.requisicao_id": answered.request_id,
            },
            start_time=ended - int(answered.seconds * 1e9),
        )
        if answered.status >= 500:
            span.set_status(self._fault)
        span.end(ended)

    def close(self) -> None:
        """Send what waits; a collector that does not answer is given up."""
        last = threading.Thread(target=self._provider.shutdown, name="escore-traces", daemon=True)
        last.start()
        last.join(EXPORT_SECONDS)


def _make_provider(url: str, meters: MeterProvider) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import DEFAULT_ON  # noqa: PLC0415

    provider = TracerProvider(
        sampler=DEFAULT_ON,
        resource=Resource.create({"service.name": "escore", "service.version": VERSION}),
        shutdown_on_exit=False,
        meter_provider=meters,
    )
    exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS, meter_provider=meters)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=BATCH_MILLISECONDS, meter_provider=meters)
    )
    return provider
