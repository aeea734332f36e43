"""The report of a monitored run: one HTML file with tables and plots, no person's data, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from flows import monitor_plots
from flows.monitor_outcome import STABILITY, TITLES, MonitorOutcome, figure_texts, sentence
from flows.pages import render_page
from models.monitoring.cell_counts import feature_axes
from models.monitoring.drift_findings import LIMITS, Measure
from models.validation.number_texts import decimal, interval, percent, percent_interval

FEATURES_DRAWN = 6
"""Features whose cells are drawn: those that are raised, and then the least stable."""


def write_monitor_report(outcome: MonitorOutcome) -> Path:
    """Write the report to ``outcome.report`` and return that path."""
    outcome.report.parent.mkdir(parents=True, exist_ok=True)
    outcome.report.write_text(render_monitor_report(outcome), encoding="utf-8")
    return outcome.report


def render_monitor_report(outcome: MonitorOutcome) -> str:
    """Return the report as HTML."""
    return render_page(
        "monitor.html.j2",
        o=outcome,
        drift=outcome.drift,
        raised=[(finding, sentence(finding)) for finding in outcome.drift.raised],
        sections=[_section(outcome, measure) for measure in Measure if outcome.drift.of(measure)],
        plots=_plots(outcome),
        decimal=decimal,
        interval=interval,
        percent=percent,
        percent_interval=percent_interval,
    )


def _section(outcome: MonitorOutcome, measure: Measure) -> dict[str, object]:
    limits = LIMITS[measure]
    told = "; a referência de um índice é o que duas amostras da mesma população mostram em média"
    rows = [(finding, figure_texts(finding)) for finding in outcome.drift.of(measure)]
    return {
        "title": TITLES[measure],
        "rows": rows,
        "limits": f"Atenção a partir de {decimal(limits.attention, 3)}, alerta a partir de {decimal(limits.alert, 3)}, "
        f"se além do acaso{told if measure in STABILITY else ''}.",
    }


def _plots(outcome: MonitorOutcome) -> dict[str, object]:
    drift, axes = outcome.drift, feature_axes(outcome.points)
    raised = [one.subject for one in drift.raised if one.subject in axes]
    least_stable = [one.subject for one in drift.of(Measure.FEATURE_STABILITY)]
    drawn = list(dict.fromkeys([*raised, *least_stable]))[:FEATURES_DRAWN]
    return {
        "scores": monitor_plots.score_shares(outcome.reference, outcome.actual),
        "stability": monitor_plots.stability_bars(drift.of(Measure.FEATURE_STABILITY)) if axes else "",
        "features": [monitor_plots.cell_shares(axes[name], outcome.reference, outcome.actual) for name in drawn],
        "calibration": monitor_plots.calibration_by_band(drift.observed) if drift.observed else "",
    }
