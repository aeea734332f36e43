"""The gates: a sound run passes; each planted fault is named by the expectation that guards against it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from contracts.errors import GateError
from contracts.extraction import TableCounts
from contracts.tables import TABLES
from flows.quality import judge_run
from flows.range_summary import HISTOGRAM_BINS, ColumnSummary, RangeSummary, ScoreSummary
from flows.report import write_run_report
from flows.run_outcome import RunOutcome, StepTime
from flows.run_plan import RunIdentity

BROKEN = dict.fromkeys(
    ("soma_das_contribuicoes", "recorte_da_escala", "faixa", "probabilidade_fora_de_0_1", "monotonia"), 0
)


def sound_summary() -> RangeSummary:
    histogram = [0] * HISTOGRAM_BINS
    histogram[20:30] = [9] * 10
    return RangeSummary(
        ranges=1,
        counts={
            **{table.name: TableCounts(100, 99, {}, {"duplicado": 1}) for table in TABLES},
            "cliente": TableCounts(101, 99, {"posterior_a_data_referencia": 1}, {"cpf_digito_verificador": 1}),
        },
        columns={"dividas_abertas_qtd": ColumnSummary(99, 5, 0, 0.0, 9.0)},
        scores=ScoreSummary(
            scored=90,
            insufficient=9,
            histogram=tuple(histogram),
            bands={"bom": 90},
            score_sum=90 * 500,
            probability_sum=9.0,
            minimum=400.0,
            maximum=599.0,
            probability_minimum=0.01,
            probability_maximum=0.5,
            broken=BROKEN,
        ),
    )


def broken_names(summary: RangeSummary, folder, limit: float = 0.1) -> set[str]:
    return {result.expectation for result in judge_run(summary, folder, max_reject_rate=limit).broken_critical}


def test_sound_run_passes(tmp_path):
    report = judge_run(sound_summary(), tmp_path, max_reject_rate=0.1)
    assert [r for r in report.results if not r.success] == []
    report.stop_if_broken()


@pytest.mark.parametrize(
    ("fault", "expectation"),
    [
        ({"counts": {**sound_summary().counts, "bem": TableCounts(100, 98, {}, {})}}, "registros_sem_destino"),
        ({"counts": {**sound_summary().counts, "bem": TableCounts(100, 80, {}, {"orfao": 20})}}, "taxa_de_rejeicao"),
        ({"columns": {"dividas_abertas_qtd": ColumnSummary(99, 5, 1, 0.0, 9.0)}}, "valores_nao_finitos"),
        ({"columns": {"dividas_abertas_qtd": ColumnSummary(98, 5, 0, 0.0, 9.0)}}, "uma_linha_por_cliente"),
        ({"scores": replace(sound_summary().scores, scored=89)}, "contas_fecham"),
        ({"scores": replace(sound_summary().scores, scored=4, insufficient=95)}, "parcela_pontuada"),
        ({"scores": replace(sound_summary().scores, maximum=1001.0)}, "score_na_escala_maximo"),
        *[
            ({"scores": replace(sound_summary().scores, broken={**BROKEN, name: 1})}, f"quebra_{name}")
            for name in BROKEN
        ],
    ],
)
def test_each_fault_breaks_its_expectation(tmp_path, fault, expectation):
    assert expectation in broken_names(replace(sound_summary(), **fault), tmp_path)


def test_negative_count_is_refused(tmp_path):
    columns = {"dividas_abertas_qtd": ColumnSummary(99, 5, 0, -1.0, 9.0)}
    assert broken_names(replace(sound_summary(), columns=columns), tmp_path) == {"variavel_negativa"}


def test_broken_gate_names_itself(tmp_path):
    report = judge_run(sound_summary(), tmp_path, max_reject_rate=0.005)
    with pytest.raises(GateError, match="instantaneo: taxa_de_rejeicao"):
        report.stop_if_broken()


def test_pages_fetch_nothing_from_elsewhere(tmp_path):
    """Data Docs and the run's report open on a machine without a network, and tell no other host of it."""
    gates = judge_run(sound_summary(), tmp_path / "q", max_reject_rate=0.1)
    outcome = RunOutcome(
        run=RunIdentity(UUID(int=7), date(2025, 6, 30), "2025-06-30-abcdef01"),
        model_name="scorecard",
        resumed_ranges=0,
        summary=sound_summary(),
        gates=gates,
        steps=(StepTime("particionar", 0.5, 0.2, 200.0), StepTime("publicar", 1.5, 0.2, 210.0)),
        started_at=datetime(2025, 7, 1, 4, tzinfo=UTC),
        published=True,
        fingerprint="ab" * 32,
        report=tmp_path / "relatorio.html",
    )
    pages = [*gates.data_docs.parent.rglob("*.html"), write_run_report(outcome)]
    assert len(pages) >= 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for mark in ('src="http', "src='http", '<link href="http', 'rel="stylesheet" href="http', "@import"):
            assert mark not in text, f"{page.name} fetches {mark}"
    report = outcome.report.read_text(encoding="utf-8")
    assert report.count("<svg") == 4
    assert "cpf_digito_verificador" in report
