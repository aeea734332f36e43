"""Measures of one process in Prometheus's text format; labels are route templates and stores, never a person's.

Every measure lives in a registry of its own: two applications in one process do not add up.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from serve.api.version import VERSION
from serve.auditing.entry import AuditLag

MEDIA_TYPE = CONTENT_TYPE_LATEST
LATENCY_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds of the latency's buckets: a score takes about 0.2 ms, and 3 s is the most that a request may take."""


class RouteMeasures:
    """The counter and the histogram of one method, route and status, bound once."""

    __slots__ = ("_count", "_latency")

    def __init__(self, count: Counter, latency: Histogram) -> None:
        self._count = count
        self._latency = latency

    def add(self, seconds: float) -> None:
        """Add one answered request."""
        self._count.inc()
        self._latency.observe(seconds)


class Metrics:
    """Measures of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.in_flight = 0
        """Requests being answered now; the request frame alone changes it."""
        labels = ("metodo", "rota", "status")
        self._requests = Counter("escore_requisicoes", "Requisições atendidas.", labels, registry=registry)
        self._latency = Histogram(
            "escore_requisicao_segundos",
            "Tempo da requisição à resposta inteira.",
            ("metodo", "rota"),
            buckets=LATENCY_SECONDS,
            registry=registry,
        )
        self._fallbacks = Counter(
            "escore_leituras_sem_redis", "Leituras de score que o Redis não respondeu.", registry=registry
        )
        self._cache = Counter(
            "escore_cache", "Consultas a um cache, por resultado.", ("cache", "resultado"), registry=registry
        )
        self._looks: dict[tuple[str, bool], Counter] = {}
        self._unlimited = Counter(
            "escore_requisicoes_sem_limite", "Requisições que passaram sem o limitador do Redis.", registry=registry
        )
        self._breakers = Gauge(
            "escore_disjuntor_aberto", "1 enquanto um banco é dado por fora do ar.", ("banco",), registry=registry
        )
        build = Gauge("escore_versao", "Versão em execução; sempre 1.", ("versao", "python"), registry=registry)
        build.labels(VERSION, platform.python_version()).set(1)
        registry.register(_Flight(self))
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

    def route(self, method: str, route: str, status: int) -> RouteMeasures:
        """Return the measures of one method, route template and status; keep them rather than ask again."""
        return RouteMeasures(self._requests.labels(method, route, str(status)), self._latency.labels(method, route))

    def count_fallback(self) -> None:
        """Add one read of a score that Redis did not answer."""
        self._fallbacks.inc()

    def count_cache(self, hit: bool, cache: str) -> None:
        """Add one look into a cache, such as ``score`` or ``score-data``."""
        bound = self._looks.get((cache, hit))
        if bound is None:
            bound = self._looks[cache, hit] = self._cache.labels(cache, "acerto" if hit else "falta")
        bound.inc()

    def count_unlimited(self) -> None:
        """Add one request let through without Redis's limiter."""
        self._unlimited.inc()

    def set_breaker(self, store: str, is_open: bool) -> None:
        """Note whether a store is taken to be out."""
        self._breakers.labels(store).set(is_open)

    def watch_audit(self, lag: Callable[[], AuditLag]) -> None:
        """Ask an audit at each scrape how far PostgreSQL is behind."""
        self.registry.register(_Lag(lag))

    def render(self) -> bytes:
        """Return all measures as text."""
        return generate_latest(self.registry)


class _Flight:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "escore_requisicoes_em_curso", "Requisições ainda sem resposta inteira.", value=self._metrics.in_flight
        )


class _Lag:
    def __init__(self, lag: Callable[[], AuditLag]) -> None:
        self._lag = lag

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        lag = self._lag()
        yield GaugeMetricFamily(
            "escore_auditoria_pendente_bytes", "Auditoria neste disco, ainda não no PostgreSQL.", lag.bytes_waiting
        )
        yield GaugeMetricFamily(
            "escore_auditoria_pendente_segundos", "Idade do registro pendente mais antigo.", lag.oldest_seconds
        )
