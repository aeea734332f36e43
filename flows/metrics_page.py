"""The reference page of the measures: what ``/metrics`` gives, read from the very registry, and what a run tells."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric

from flows.markdown_tables import markdown_table
from serve.api.metrics import Metrics
from serve.auditing.entry import AuditLag

_ABOUT = {
    "escore_requisicoes": (
        "requests",
        "Answers given. `rota` is the route's template, `(nenhuma)` where none matched; `status` 499 is a caller that "
        "went before its answer.",
        "A rising rate of 500 is a fault of ours: its log line has the places in the code. 401, 403 and 429 are the "
        "callers'; 503 says that a store is out.",
    ),
    "escore_requisicao_segundos": (
        "seconds",
        "Time from a request to the end of its answer, in buckets from 0.5 ms to 5 s.",
        "Compare the 99th percentile of a route with last week's; if only scores are slow, look at "
        "`escore_leituras_sem_redis_total`.",
    ),
    "escore_requisicoes_em_curso": (
        "requests",
        "Requests that are being answered now.",
        "A number that stays high while few answers leave: a store is slow. Look at `escore_disjuntor_aberto`.",
    ),
    "escore_leituras_sem_redis": (
        "scores",
        "Scores that came from PostgreSQL because Redis did not answer or did not hold them.",
        "Above zero, Redis is out, was emptied, or lacks a key ([change of key](../how-to/rotate-the-key.md)). Answers "
        "are right, and slower.",
    ),
    "escore_cache": (
        "looks",
        "Looks into a cache by `resultado`: `acerto` found it, `falta` did not.",
        "Nothing by itself: a low share of `acerto` means that callers seldom ask twice.",
    ),
    "escore_requisicoes_sem_limite": (
        "requests",
        "Requests let through by a process's own limiter, because the one in Redis was out.",
        "Put Redis right: several processes together allow more than the limit meanwhile.",
    ),
    "escore_disjuntor_aberto": (
        "0 or 1",
        "1 while the store in `banco` is taken to be out and not waited for; no sample until its state first changes.",
        "Look at that store. It is asked again by itself.",
    ),
    "escore_versao": (
        "always 1",
        "Which version of the engine and of Python runs.",
        "Compare over processes after a change.",
    ),
    "escore_auditoria_pendente_bytes": (
        "bytes",
        "Audit that is recorded on this disk and not yet in PostgreSQL.",
        "At `SCORE_AUDIT_MAX_BYTES` the API stops reading personal data: put PostgreSQL right before that "
        "([the audit](../explanation/audit.md)).",
    ),
    "escore_auditoria_pendente_segundos": (
        "seconds",
        "Age of the oldest such record.",
        "Above 60, the audit does not reach PostgreSQL.",
    ),
    "process_virtual_memory_bytes": ("bytes", "Address space of the process.", "Nothing: look at the resident memory."),
    "process_resident_memory_bytes": (
        "bytes",
        "Memory that the process holds.",
        "Steady growth over days is a leak: report it, with `escore_versao`.",
    ),
    "process_start_time_seconds": (
        "seconds since 1970",
        "When the process began.",
        "A recent one that nobody started: it was killed.",
    ),
    "process_cpu_seconds": (
        "seconds",
        "CPU that the process has used.",
        "A rate near 1 is a full core: start another process.",
    ),
    "process_open_fds": ("files", "Open files and connections.", "Compare with the next line."),
    "process_max_fds": ("files", "How many it may open.", "Raise the limit before the line above reaches it."),
    "python_gc_objects_collected": (
        "objects",
        "Objects freed by Python's collector of cycles, by generation.",
        "Nothing.",
    ),
    "python_gc_objects_uncollectable": (
        "objects",
        "Objects that it could not free.",
        "Above zero is a leak: the same.",
    ),
    "python_gc_collections": ("collections", "How often it ran.", "Nothing."),
}
"""Of each measure: its unit, what it says, and what to do; names, types and labels come from the registry."""

_OF_A_RUN = (
    (
        "wall seconds, CPU seconds and peak memory, by step",
        "terminal, report",
        "each step: `particionar` ... `publicar`",
    ),
    (
        "records read, used, ignored and rejected, by table and rule",
        "`execucao.contagens`, report, artifact `contagens`",
        "",
    ),
    (
        "consumers extracted, scored, without data, rejected",
        "`execucao`, artifact `execucao`",
        "the first is the sum of the rest",
    ),
    ("expectations held", "report, Data Docs, artifact `portas`", "[gates](gates.md)"),
    ("share of ranges done", "progress bar, progress artifact of Prefect", "at most one update in five seconds"),
    (
        "drift, expected and observed performance",
        "`escore monitor --json`, its report, the event",
        "[monitor](../how-to/monitor-a-model.md)",
    ),
)


def metrics_page() -> str:
    """Return the page, without its first line."""
    return (
        "# Measures\n\n*For whoever watches a running installation.* `/metrics` of every process of `escore serve` "
        "answers in "
        "Prometheus's format; each process has its own numbers, so give each a port of its own to be asked on "
        "([how](../how-to/watch-the-api.md)). No label holds a path, a query, a caller's name or anything of a "
        "consumer's.\n\n"
        f"## What `/metrics` gives\n\n{_table_of('escore_')}\n\n"
        f"Beside them, of the process itself:\n\n{_table_of('process_', 'python_')}\n\n"
        "A histogram is `..._bucket`, `..._sum` and `..._count`. What deserves an alarm is in [watch the "
        "API](../how-to/watch-the-api.md#measures).\n\n"
        "## What a run tells\n\nA run ends, so it has nothing for Prometheus to ask. Its figures are in these "
        "places:\n\n"
        f"{markdown_table(('figure', 'where', 'note'), _OF_A_RUN)}\n"
    )


def exposed() -> list[Metric]:
    """Return every family of measures of a process that answered, looked into a cache and met a store that was out."""
    metrics = Metrics()
    metrics.watch_audit(AuditLag)
    metrics.route("GET", "/", 200).add(0.0)
    metrics.count_fallback()
    metrics.count_cache(hit=True, cache="score-data")
    metrics.count_unlimited()
    metrics.set_breaker("redis", is_open=True)
    return list(metrics.registry.collect())


def _table_of(*prefixes: str) -> str:
    return markdown_table(
        ("measure", "type", "unit", "labels", "what it says", "what to do"),
        (_row(family) for family in exposed() if family.name.startswith(prefixes)),
    )


def _row(family: Metric) -> Iterable[str]:
    unit, about, act = _ABOUT[family.name]
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return f"`{name}`", family.type, unit, ", ".join(f"`{label}`" for label in labels), about, act
