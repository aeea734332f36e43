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
from flows.data_docs import JudgedSuite, make_self_contained
from flows.gates import PROMISES, Gate, gates
from flows.quality_frames import features_frame, scores_frame, snapshot_frame
from flows.range_summary import RangeSummary

if TYPE_CHECKING:
    import pandas as pd

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
    frames = {
        "instantaneo": snapshot_frame(summary),
        "variaveis": features_frame(summary),
        "pontuacao": scores_frame(summary),
    }
    # A summary counts every promise, or none where no range had a score to count them of.
    declared = [gate for gate in gates(max_reject_rate) if _is_counted(gate, summary)]
    return {
        name: (frame, [_expectation(gate) for gate in declared if gate.suite == name]) for name, frame in frames.items()
    }


def _is_counted(gate: Gate, summary: RangeSummary) -> bool:
    promise = gate.name.removeprefix("quebra_")
    return promise not in PROMISES or promise in summary.scores.broken


def _expectation(gate: Gate) -> Any:
    kind = getattr(importlib.import_module("great_expectations.expectations"), gate.expectation)
    return kind(severity="critical" if gate.critical else "warning", meta={"nome": gate.name}, **gate.arguments)


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
