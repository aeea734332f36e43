"""What a monitored run is reported as: findings by name, figures only, nothing fetched from elsewhere."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from contracts.extraction import CpfRange, TableCounts
from contracts.feature_terms import InputType
from flows.monitor import run_distribution
from flows.monitor_event import MOST_LISTED, event_payload
from flows.monitor_outcome import MonitorOutcome
from flows.monitor_report import render_monitor_report
from flows.range_summary import RangeSummary
from flows.run_plan import RunIdentity, write_plan
from models.monitoring.drift import find_drift
from models.monitoring.drift_findings import Measure
from models.monitoring.observed_performance import count_outcomes, observe_performance
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term

RUN = RunIdentity(UUID("019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"), date(2025, 12, 31), "2025-06-30-1a2b3c4d")
FEATURES = 40
AXES = [Axis(f"v{i}", InputType.NUMBER, edges=(0.5,)) for i in range(FEATURES - 1)]
AXES.append(Axis("uf", InputType.CATEGORY, groups=(("<SP>",),)))
POINTS = PointsTable("teste", 12, ScoreScale(), 600, tuple(Term(a.feature.upper(), (a,), (0,) * a.cells) for a in AXES))


def distribution(rows: int, *, shifted: int = 0) -> ReferenceDistribution:
    """Return rows halved between two cells of every feature, all in one cell for the first few."""
    cells = {axis.feature: (rows // 2, rows - rows // 2, 0, 0) for axis in AXES}
    cells |= {f"v{i}": (0, rows, 0, 0) for i in range(shifted)}
    cells["uf"] = (rows, 0, 0)
    return ReferenceDistribution(POINTS.sha256, rows, cells, {500: rows // 2, 700: rows - rows // 2})


def outcome(*, shifted: int = 0, judged: bool = False) -> MonitorOutcome:
    reference, actual = distribution(10_000), distribution(4_000, shifted=shifted)
    raw = np.repeat([500, 700], 2_000)
    is_bad = np.random.default_rng(1).random(4_000) < POINTS.scale.probability(raw)
    observed = observe_performance(count_outcomes(raw, is_bad, unknown=2), POINTS.scale) if judged else None
    drift = find_drift(reference, actual, POINTS.scale, observed=observed)
    known = date(2027, 4, 1) if judged else None
    return MonitorOutcome(RUN, POINTS, reference, actual, drift, date(2027, 3, 31), known, Path("monitor.html"))


@pytest.mark.parametrize("judged", [False, True])
def test_the_page_needs_nothing_from_elsewhere_and_names_what_changed(judged):
    page = render_monitor_report(outcome(shifted=2, judged=judged))
    assert not re.findall(r"""(?:src|href)=["']?https?:|<script|<link|@import|url\(http""", page)
    assert "<SP>" not in page
    changed = page[page.index("O que mudou") : page.index("Desempenho")]
    assert [name in changed for name in ("v0", "v1", "v2")] == [True, True, False]
    assert ("taxa observada" in page) is judged
    assert ("conhecidos a partir de 2027-03-31" in page) is not judged


def test_an_unchanged_run_says_so():
    page = render_monitor_report(outcome())
    assert "Nenhuma figura passou dos limites." in page
    assert outcome().to_json()["achados"] == []


def test_a_machine_reads_levels_figures_and_findings():
    body = json.loads(json.dumps(outcome(shifted=1, judged=True).to_json(), allow_nan=False))
    assert (body["nivel"], body["modelo_versao"], body["pontuados"]) == ("alerta", RUN.model_version, 4_000)
    assert body["achados"][0]["sujeito"] == "v0"
    assert body["observado"]["auc"]["de"] < body["observado"]["auc"]["valor"] < body["observado"]["auc"]["a"]
    assert outcome().to_json()["observado"] is None


def test_an_event_holds_the_gravest_findings_only():
    changed = outcome(shifted=FEATURES - 2)
    assert len(changed.to_json()["achados"]) > MOST_LISTED
    payload = event_payload(changed)
    assert len(payload["achados"]) == MOST_LISTED
    assert len(json.dumps(payload)) < 20_000


def test_a_runs_distribution_is_the_sum_of_its_ranges_without_strays(tmp_path):
    lake = ArtifactStore(tmp_path)
    parts = [distribution(1_000), distribution(501, shifted=3)]
    write_plan(lake, RUN.snapshot_id, [CpfRange(0, None, "5"), CpfRange(1, "5", None)])
    counts = {"divida": TableCounts(10, 9, {}, {"duplicado": 1})}
    for index, part in enumerate(parts):
        summary = RangeSummary(ranges=1, counts=counts, distribution=part).to_json()
        lake.write(RUN.scores_path(index), {"a.json": {}}, meta={"resumo": summary})
    total = run_distribution(lake, RUN)
    assert (total.rows, total.cells["v0"]) == (1_501, (500, 1_001, 0, 0))
    assert total.counts == {"divida": TableCounts(20, 18, {}, {"duplicado": 2})}
    lake.delete(RUN.scores_path(1))
    with pytest.raises(DataIntegrityError, match="faixa-00001: not in the lake"):
        run_distribution(lake, RUN)


def test_every_measure_has_a_section_once_outcomes_are_known():
    report = outcome(judged=True).drift
    assert {finding.measure for finding in report.findings} == set(Measure) - {Measure.REJECTS}
