"""A run's report: one HTML file with tables and plots, no person's data, and nothing fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.rules import RULES
from flows import plots
from flows.run_outcome import RunOutcome

_TEMPLATES = Path(__file__).parent / "templates"


def write_run_report(outcome: RunOutcome) -> Path:
    """Write the report to ``outcome.report`` and return that path."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["n"] = lambda number: f"{number:,}".replace(",", ".")
    text = environment.get_template("relatorio.html.j2").render(
        o=outcome,
        s=outcome.summary,
        rule_rows=_rule_rows(outcome),
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


def _rule_rows(outcome: RunOutcome) -> list[dict[str, object]]:
    return [
        {"table": name, "outcome": word, "rule": rule, "description": RULES[rule].description, "number": number}
        for name, counts in outcome.summary.counts.items()
        for word, rules in (("rejeitado", counts.rejected), ("ignorado", counts.ignored))
        for rule, number in sorted(rules.items())
    ]
