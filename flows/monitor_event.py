"""What Prefect is told of a monitored run: a markdown artifact, and an event that an automation can react to.

The event is ``escore.monitor.ok``, ``escore.monitor.atencao`` or ``escore.monitor.alerta`` on the resource
``escore.modelo.<version>``. Both hold ids, dates, counts and figures; nothing of a person.
"""

from __future__ import annotations

import logging

from httpx import HTTPError
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event
from prefect.exceptions import PrefectException

from flows.monitor_outcome import MonitorOutcome, sentence

EVENT_PREFIX = "escore.monitor"
MOST_LISTED = 30
"""Findings in an event and an artifact; the report has them all (Prefect bounds an event's size)."""

_LOG = logging.getLogger(__name__)


def announce(outcome: MonitorOutcome, link: str) -> None:
    """Create the artifact, with a ``link`` to the report, and emit the event.

    A Prefect server that is gone is warned of, for the report is written.
    """
    title = f"monitoramento, {outcome.run.as_of.isoformat()}, execução {outcome.run.execucao_id}"
    try:
        create_markdown_artifact(_markdown(outcome, link), key="monitoramento", description=title)
        emit_event(
            f"{EVENT_PREFIX}.{outcome.level.value}",
            resource={
                "prefect.resource.id": f"escore.modelo.{outcome.run.model_version}",
                "prefect.resource.name": outcome.points.name,
            },
            related=[
                {
                    "prefect.resource.id": f"escore.execucao.{outcome.run.execucao_id}",
                    "prefect.resource.role": "execucao",
                }
            ],
            payload=event_payload(outcome),
        )
    except (PrefectException, HTTPError) as error:
        _LOG.warning("Prefect was not told of the monitoring: %s", type(error).__name__)


def event_payload(outcome: MonitorOutcome) -> dict[str, object]:
    """Return what an event carries: the outcome's document, with the gravest findings only."""
    body = outcome.to_json()
    return {**body, "achados": body["achados"][:MOST_LISTED]}


def _markdown(outcome: MonitorOutcome, link: str) -> str:
    drift = outcome.drift
    known = drift.observed.whole.observed if drift.observed else None
    observed = f"observada {known}" if known else f"desfechos conhecidos a partir de {outcome.matures_on}"
    found = [f"- **{one.level.value}**: {sentence(one)}" for one in drift.raised[:MOST_LISTED]]
    return "\n".join(
        [
            f"# Monitoramento: {outcome.level.value}",
            "",
            f"- modelo: {outcome.run.model_version}",
            f"- execução: {outcome.run.execucao_id}, data de referência {outcome.run.as_of.isoformat()}",
            f"- {outcome.actual.rows:,} pontuados contra {outcome.reference.rows:,} linhas de treino",
            f"- taxa de inadimplência esperada {drift.expected.bad_rate:.4f}, {observed}",
            f"- relatório: [{outcome.report.name}]({link}), em `{outcome.report}`",
            "",
            *(found or ["Nenhuma figura passou dos limites."]),
        ]
    )
