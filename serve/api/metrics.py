"""Counters in Prometheus's text format; labels are route templates, methods and statuses, never a person's."""

from __future__ import annotations

from collections import Counter, defaultdict

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of one process, changed only from the event loop's thread."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._fallbacks = 0

    def count_request(self, method: str, route: str, *, status: int, seconds: float) -> None:
        """Add one answered request."""
        self._requests[method, route, status] += 1
        self._seconds[method, route] += seconds

    def count_fallback(self) -> None:
        """Add one read of a score that Redis did not answer."""
        self._fallbacks += 1

    def render(self) -> str:
        """Return all counters as text."""
        lines = ["# HELP escore_requisicoes_total Requisições atendidas.", "# TYPE escore_requisicoes_total counter"]
        for (method, route, status), count in sorted(self._requests.items()):
            lines.append(f'escore_requisicoes_total{{metodo="{method}",rota="{route}",status="{status}"}} {count}')
        lines += ["# HELP escore_segundos_total Tempo gasto nas respostas.", "# TYPE escore_segundos_total counter"]
        for (method, route), seconds in sorted(self._seconds.items()):
            lines.append(f'escore_segundos_total{{metodo="{method}",rota="{route}"}} {seconds:.6f}')
        lines += [
            "# HELP escore_leituras_sem_redis_total Leituras de score que o Redis não respondeu.",
            "# TYPE escore_leituras_sem_redis_total counter",
            f"escore_leituras_sem_redis_total {self._fallbacks}",
        ]
        return "\n".join(lines) + "\n"
