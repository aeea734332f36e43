"""A run's report: one HTML file with tables and plots, no person's data, and nothing fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.extraction import TableCounts
from contracts.rules import RULES
from flows import plots
from flows.pages import render_page
from flows.run_outcome import RunOutcome


def write_run_report(outcome: RunOutcome) -> Path:
    """Write the report to ``outcome.report`` and return that path."""
    text = render_page(
        "relatorio.html.j2",
        o=outcome,
        s=outcome.summary,
        rule_rows=_rule_rows(outcome.summary.counts),
        plots=_plots(outcome),
    )
    outcome.report.parent.mkdir(parents=True, exist_ok=True)
    outcome.report.write_text(text, encoding="utf-8")
    return outcome.report


def _plots(outcome: RunOutcome) -> dict[str, str]:
    return {
        "histogram": plots.score_histogram(outcome.summary),
        "rejects": plots.rejects_by_rule(outcome.summary),
        "missing": plots.missing_by_feature(outcome.summary),
        "steps": plots.seconds_by_step(outcome),
    }


def _rule_rows(counts: Mapping[str, TableCounts]) -> list[dict[str, object]]:
    """Return one row a rule that any record met: what it says, and how many records by table."""
    met = {name: {**table.rejected, **table.ignored} for name, table in counts.items()}
    rows = []
    for name, rule in RULES.items():
        numbers = [met[table].get(name, 0) for table in counts]
        if any(numbers):
            rows.append({"rule": rule, "numbers": numbers, "total": sum(numbers)})
    return rows
