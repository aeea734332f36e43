"""Monitoring a published night: its report, its event on the Prefect server, and outcomes once they are known."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.errors import RunConflictError
from flows.monitor import monitor_run
from tests.flows.conftest import AS_OF, escore, roll_back, succeed
from tests.json_page import differs

MATURED = "2024-09-30"
"""A reference date whose outcomes are known by the end of the population's history."""


@pytest.fixture(scope="module")
def matured_run(night) -> dict[str, Any]:
    """Score a past date too, and put the night's run in force again."""
    done = succeed(escore(night.settings, "run", "--as-of", MATURED, "--json"))
    roll_back(night.settings)
    return json.loads(done.stdout)


def events_of(night: Any, execucao_id: str, *, within_seconds: float = 20.0) -> list[dict[str, Any]]:
    """Return the monitoring events that Prefect's server holds of a run."""
    query = {"filter": {"event": {"prefix": ["escore.monitor"]}}, "limit": 50}
    last = time.monotonic() + within_seconds
    while True:
        found = httpx.post(f"{night.settings.prefect_api_url}/events/filter", json=query).json()["events"]
        own = [event for event in found if event["payload"].get("execucao_id") == execucao_id]
        if own or time.monotonic() > last:
            return own
        time.sleep(0.5)


def test_a_run_before_its_outcomes_is_reported_and_told_to_prefect(night):
    """Judged by the end of its own day: by that of yesterday they would be known one day, which ends this test."""
    run = ("--execucao", night.run["execucao_id"], "--observado-ate", AS_OF.isoformat())
    done = succeed(escore(night.settings, "monitor", *run, "--json"))
    result = json.loads(done.stdout)
    assert differs("monitor", result) == {}
    assert result["observado"] is None
    assert result["pontuados"] == night.run["clientes"]["pontuados"]
    assert 0.5 < result["esperado"]["auc"] < 1
    [event, *_] = events_of(night, night.run["execucao_id"])
    assert event["event"] == f"escore.monitor.{result['nivel']}"
    assert event["resource"]["prefect.resource.id"] == f"escore.modelo.{night.run['modelo_versao']}"
    assert event["payload"]["psi_do_score"] == result["psi_do_score"]
    known = {str(value) for row in night.query("select cpf, cliente_id from score_vigente") for value in row}
    told = json.dumps(event) + Path(result["relatorio"]).read_text(encoding="utf-8") + done.stderr
    assert known
    assert not [value for value in known if value in told]


def test_outcomes_once_known_are_judged_and_can_fail_the_command(night, matured_run):
    run = ("--execucao", matured_run["execucao_id"], "--observado-ate", AS_OF.isoformat())
    done = escore(night.settings, "monitor", *run, "--fail-on", "atencao", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == (0 if result["nivel"] == "ok" else 6), done.stderr
    observed = result["observado"]
    assert (observed["linhas"], observed["sem_desfecho"]) == (matured_run["clientes"]["pontuados"], 0)
    assert 0 < observed["maus"] < observed["linhas"]
    assert 0.6 < observed["auc"]["valor"] < observed["auc"]["a"] < 1
    assert "taxa observada" in Path(result["relatorio"]).read_text(encoding="utf-8")


def test_a_run_that_does_not_exist_is_refused(night):
    unknown = UUID("019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f")
    with pytest.raises(RunConflictError, match="there is no run 019aac10"):
        monitor_run(night.settings, unknown, date(2025, 12, 31))
