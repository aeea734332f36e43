"""What Prefect shows of a run: a progress bar, a summary at a glance, tables of counts, rejects and gates, a link.

Artifacts hold ids, counts and rule names only. Updates of the bar cost 25 ms and a request each, so they
are made at most every few seconds.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import cast
from uuid import UUID

from httpx import HTTPError
from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectException

from flows.run_outcome import RunOutcome
from flows.run_plan import RunIdentity

_UPDATE_EVERY_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


class ProgressArtifact:
    """A Prefect progress artifact of one step, updated sparingly."""

    def __init__(self, step: str, total: int) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._last = monotonic()
        self._id = cast(UUID, create_progress_artifact(0.0, description=f"{step}: {total} faixas"))

    def advance(self, units: int) -> None:
        """Count units as done; tell Prefect if the last update is old or all is done."""
        self._done += units
        now = monotonic()
        if self._done >= self._total or now - self._last >= _UPDATE_EVERY_SECONDS:
            self._last = now
            update_progress_artifact(self._id, min(100.0, 100.0 * self._done / self._total))


def tell_prefect(outcome: RunOutcome, link: str) -> None:
    """Create the artifacts of a run, whose report is at ``link``; a Prefect server that is gone is warned of."""
    try:
        _create_artifacts(outcome, link)
    except (PrefectException, HTTPError) as error:
        _LOG.warning("Prefect was not told of the run: %s", type(error).__name__)


def _create_artifacts(outcome: RunOutcome, link: str) -> None:
    create_table_artifact(
        _count_rows(outcome), key="contagens", description=_title(outcome.run, "registros por tabela")
    )
    create_table_artifact(
        _reject_rows(outcome), key="rejeitados", description=_title(outcome.run, "rejeitados por regra")
    )
    create_table_artifact(_gate_rows(outcome), key="portas", description=_title(outcome.run, "portas de qualidade"))
    create_markdown_artifact(_markdown(outcome, link), key="execucao", description=_title(outcome.run, "resumo"))
    if link.startswith("http"):
        create_link_artifact(link, "relatório", key="relatorio", description=_title(outcome.run, "relatório"))


def _title(run: RunIdentity, what: str) -> str:
    return f"{what}, {run.as_of.isoformat()}, execução {run.execucao_id}"


def _count_rows(outcome: RunOutcome) -> list[dict[str, object]]:
    return [
        {
            "tabela": name,
            "lidos": counts.read,
            "usados": counts.used,
            "ignorados": sum(counts.ignored.values()),
            "rejeitados": sum(counts.rejected.values()),
        }
        for name, counts in outcome.summary.counts.items()
    ]


def _reject_rows(outcome: RunOutcome) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"tabela": name, "regra": rule, "registros": number}
        for name, counts in outcome.summary.counts.items()
        for rule, number in sorted(counts.rejected.items())
    ]
    return rows or [{"tabela": "-", "regra": "-", "registros": 0}]


def _gate_rows(outcome: RunOutcome) -> list[dict[str, object]]:
    return [
        {
            "suite": gate.suite,
            "expectativa": gate.expectation,
            "critica": gate.critical,
            "cumprida": gate.success,
            "observado": gate.observed,
        }
        for gate in outcome.gates.results
    ]


def _markdown(outcome: RunOutcome, link: str) -> str:
    scores = outcome.summary.scores
    broken = outcome.gates.broken_critical
    held = sum(gate.success for gate in outcome.gates.results)
    rows = {
        "publicada": "sim" if outcome.published else "**não**: vale a execução anterior",
        "data de referência": outcome.run.as_of.isoformat(),
        "modelo": f"`{outcome.run.model_version}`",
        "clientes": f"{outcome.summary.extracted_clients:,}",
        "pontuados": f"{scores.scored:,}",
        "com dados insuficientes": f"{scores.insufficient:,}",
        "rejeitados": f"{outcome.summary.rejected_clients:,}",
        "registros lidos": f"{outcome.events_read:,} em {outcome.seconds:.1f} s",
        "portas": f"{held} de {len(outcome.gates.results)} cumpridas, {len(broken)} críticas quebradas",
        "execução": f"`{outcome.run.execucao_id}`",
    }
    title = "Noite publicada" if outcome.published else "Noite NÃO publicada"
    return "\n".join(
        [
            f"# {title}: {outcome.run.as_of.isoformat()}",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows.items()),
            "",
            *(f"- porta quebrada: **{gate.suite}: {gate.expectation}** ({gate.observed})" for gate in broken),
            *(f"- {step.step}: {step.seconds:.1f} s" for step in outcome.steps),
            "",
            f"Relatório: [{outcome.report.name}]({link}), em `{outcome.report}`",
            "",
            f"Data Docs: `{outcome.gates.data_docs}`",
        ]
    )
