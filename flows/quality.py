"""The gates: Great Expectations suites on the snapshot, features and scores of a whole run, and Data Docs.

A broken critical expectation stops the run before publication; a broken warning is reported. Data Docs are
made of summaries only.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from contracts.errors import GateError
from contracts.score_scale import SCORE_MAX, SCORE_MIN
from flows.data_docs import JudgedSuite, make_self_contained
from flows.quality_frames import features_frame, scores_frame, snapshot_frame
from flows.range_summary import RangeSummary

if TYPE_CHECKING:
    import pandas as pd

MIN_SCORED_SHARE = 0.05
USUAL_SCORED_SHARE = 0.5
"""Below half of consumers scored, somebody should look; below one in twenty a store was empty or cut off (our rule)."""
MAX_SHARE_IN_ONE_BIN = 0.5
"""More than half of all scores within 20 points means the model saw no usable feature (our rule)."""
WARNING_REJECT_SHARE = 0.5
"""A reject rate above half the critical limit is a warning."""


LABELS = ("tabela", "variavel")
"""Columns that name a row of a judged frame."""
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class GateResult:
    """One expectation judged: its suite and name, whether it is critical, whether it held, and what was seen."""

    suite: str
    expectation: str
    critical: bool
    success: bool
    observed: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """All expectations of a run and where their Data Docs lie."""

    results: tuple[GateResult, ...]
    data_docs: Path

    @property
    def broken_critical(self) -> tuple[GateResult, ...]:
        """Return the critical expectations that did not hold."""
        return tuple(result for result in self.results if result.critical and not result.success)

    def stop_if_broken(self) -> None:
        """Raise GateError, naming every broken critical expectation."""
        if self.broken_critical:
            named = "; ".join(f"{r.suite}: {r.expectation} ({r.observed})" for r in self.broken_critical)
            raise GateError(f"nothing was published, the run in force stays: {named}")


def load_ahead() -> None:
    """Import Great Expectations in a thread of its own: seconds, spent while the stores are waited for."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    Thread(target=importlib.import_module, args=["great_expectations"], name="portas", daemon=True).start()


def judge_run(summary: RangeSummary, folder: Path, *, max_reject_rate: float) -> GateReport:
    """Judge a run's summary and write Data Docs below ``folder``."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    folder.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_or_update_pandas("execucao")
    results: list[GateResult] = []
    for name, (frame, expectations) in _suites(summary, max_reject_rate).items():
        suite = context.suites.add_or_update(gx.ExpectationSuite(name=name, expectations=expectations))
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("resumo")
        definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        outcome = context.validation_definitions.add_or_update(definition).run(
            batch_parameters={"dataframe": frame},
            result_format={"result_format": "SUMMARY", "exclude_unexpected_values": True},
        )
        results += [_read_result(name, result, frame) for result in outcome.results]
    context.build_data_docs()
    site = folder / "gx" / "uncommitted" / "data_docs" / "local_site"
    return GateReport(tuple(results), make_self_contained(site, _judged_suites(results)))


def _judged_suites(results: Sequence[GateResult]) -> list[JudgedSuite]:
    suites = []
    for name in dict.fromkeys(result.suite for result in results):
        own = [result for result in results if result.suite == name]
        broken = sum(result.critical and not result.success for result in own)
        suites.append(JudgedSuite(name, len(own), sum(result.success for result in own), broken))
    return suites


def _suites(summary: RangeSummary, max_reject_rate: float) -> Mapping[str, tuple[pd.DataFrame, list[Any]]]:
    return {
        "instantaneo": (snapshot_frame(summary), _snapshot_expectations(max_reject_rate)),
        "variaveis": (features_frame(summary), _feature_expectations()),
        "pontuacao": (scores_frame(summary), _score_expectations(summary)),
    }


def _snapshot_expectations(max_reject_rate: float) -> list[Any]:
    gxe = _expectations()

    return [
        _named(gxe.ExpectColumnValuesToBeInSet, "registros_sem_destino", column="diferenca", value_set=[0]),
        _named(
            gxe.ExpectColumnValuesToBeBetween, "taxa_de_rejeicao", column="taxa_rejeicao", max_value=max_reject_rate
        ),
        _named(
            gxe.ExpectColumnValuesToBeBetween,
            "taxa_de_rejeicao_atencao",
            severity="warning",
            column="taxa_rejeicao",
            max_value=max_reject_rate * WARNING_REJECT_SHARE,
        ),
        _named(gxe.ExpectColumnValuesToBeBetween, "tabela_vazia", severity="warning", column="lidos", min_value=1),
    ]


def _feature_expectations() -> list[Any]:
    gxe = _expectations()

    return [
        _named(gxe.ExpectColumnValuesToBeInSet, "valores_nao_finitos", column="nao_finitos", value_set=[0]),
        _named(
            gxe.ExpectColumnPairValuesToBeEqual, "uma_linha_por_cliente", column_A="linhas", column_B="linhas_esperadas"
        ),
        _named(gxe.ExpectColumnValuesToBeInSet, "variavel_negativa", column="negativa_indevida", value_set=[0]),
        _named(
            gxe.ExpectColumnValuesToBeBetween,
            "variavel_toda_faltante",
            severity="warning",
            column="parcela_faltante",
            max_value=0.999,
        ),
    ]


def _score_expectations(summary: RangeSummary) -> list[Any]:
    gxe = _expectations()

    between = gxe.ExpectColumnValuesToBeBetween
    promises = [
        _named(gxe.ExpectColumnValuesToBeInSet, f"quebra_{name}", column=f"quebra_{name}", value_set=[0])
        for name in summary.scores.broken
    ]
    return [
        *promises,
        _named(gxe.ExpectColumnValuesToBeInSet, "contas_fecham", column="clientes_sem_destino", value_set=[0]),
        _named(between, "ha_clientes", column="clientes_extraidos", min_value=1),
        _named(between, "score_na_escala", column="score_minimo", min_value=SCORE_MIN, max_value=SCORE_MAX),
        _named(between, "score_na_escala_maximo", column="score_maximo", min_value=SCORE_MIN, max_value=SCORE_MAX),
        _named(between, "parcela_pontuada", column="parcela_pontuada", min_value=MIN_SCORED_SHARE),
        _named(
            between,
            "parcela_pontuada_atencao",
            severity="warning",
            column="parcela_pontuada",
            min_value=USUAL_SCORED_SHARE,
        ),
        _named(between, "scores_distintos", column="maior_parcela_em_um_intervalo", max_value=MAX_SHARE_IN_ONE_BIN),
    ]


def _expectations() -> Any:
    return importlib.import_module("great_expectations.expectations")


def _named(expectation: Any, name: str, *, severity: str = "critical", **arguments: Any) -> Any:
    return expectation(severity=severity, meta={"nome": name}, **arguments)


def _read_result(suite: str, result: Any, frame: pd.DataFrame) -> GateResult:
    config = result.expectation_config
    return GateResult(
        suite=suite,
        expectation=config.meta["nome"],
        critical=str(getattr(config.severity, "value", config.severity)) == "critical",
        success=bool(result.success),
        observed=_observed(result, frame),
    )


def _observed(result: Any, frame: pd.DataFrame) -> str:
    """Return how many rows were judged or, of a broken expectation, which rows broke it and with what value."""
    if "element_count" not in result.result:
        return "could not be computed"
    if result.success:
        return f"{result.result['element_count']} judged"
    column = result.expectation_config.kwargs.get("column") or result.expectation_config.kwargs["column_A"]
    rows = frame.iloc[result.result.get("partial_unexpected_index_list") or []]
    labels = rows.get(LABELS[0], rows.get(LABELS[1]))
    seen = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in rows[column].tolist()]
    if labels is None:
        return f"{column} = {', '.join(seen[:MOST_SHOWN])}"
    named = [f"{label}: {column} = {value}" for label, value in zip(labels, seen, strict=True)]
    return ", ".join(named[:MOST_SHOWN]) + (", ..." if len(named) > MOST_SHOWN else "")
