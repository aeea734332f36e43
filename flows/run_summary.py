"""A run's summary as text for the terminal: counts in and out, rejects, scores, time and memory by step."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.range_summary import HISTOGRAM_STEP
from flows.run_outcome import RunOutcome
from flows.terminal import print_table

_BAR_WIDTH = 40
_BINS_A_LINE = 5


def print_summary(outcome: RunOutcome, console: Console) -> None:
    """Print the whole summary of a run."""
    console.print(_headline(outcome), soft_wrap=True)
    console.print(_clients(outcome))
    print_table(console, _tables(outcome))
    print_table(console, _rejects(outcome))
    print_table(console, _distribution(outcome))
    console.print(_bands(outcome))
    print_table(console, _steps(outcome))
    console.print(_gates(outcome), soft_wrap=True)
    console.print(f"report: {outcome.report}\nData Docs: {outcome.gates.data_docs}", soft_wrap=True, highlight=False)


def _headline(outcome: RunOutcome) -> Text:
    state = ("published", "bold green") if outcome.published else ("NOT PUBLISHED", "bold red")
    return Text.assemble(
        ("run ", "bold"), str(outcome.run.execucao_id), " as of ", outcome.run.as_of.isoformat(), ": ", state,
        f"\nmodel {outcome.run.model_version}; fingerprint {outcome.fingerprint or '-'}",
        f"\nreading: {outcome.reading}",
        f"\nresumed: {_were(outcome.resumed_ranges)} done before" if outcome.resumed_ranges else "",
    )  # fmt: skip


def _clients(outcome: RunOutcome) -> Text:
    summary, scores = outcome.summary, outcome.summary.scores
    return Text(
        f"consumers: {summary.extracted_clients:,} extracted = {scores.scored:,} scored + "
        f"{scores.insufficient:,} insufficient data + {summary.rejected_clients:,} rejected "
        f"(unaccounted: {summary.unaccounted_clients})"
    )


def _tables(outcome: RunOutcome) -> Table:
    table = _table("records", "table", "read", "used", "ignored", "rejected", "unaccounted")
    for name, counts in outcome.summary.counts.items():
        numbers = (counts.read, counts.used, sum(counts.ignored.values()), sum(counts.rejected.values()))
        table.add_row(name, *(f"{number:,}" for number in numbers), str(counts.difference))
    return table


def _rejects(outcome: RunOutcome) -> Table:
    """Return the rejected by rule over all tables; the report has them by table."""
    table = _table("rejected, by rule", "rule", "records", "tables")
    by_rule: dict[str, dict[str, int]] = {}
    for name, counts in outcome.summary.counts.items():
        for rule, number in counts.rejected.items():
            by_rule.setdefault(rule, {})[name] = number
    for rule, numbers in sorted(by_rule.items(), key=lambda item: -sum(item[1].values())):
        table.add_row(rule, f"{sum(numbers.values()):,}", ", ".join(numbers))
    return table


def _distribution(outcome: RunOutcome) -> Table:
    bins = outcome.summary.scores.histogram
    sums = [sum(bins[i : i + _BINS_A_LINE]) for i in range(0, len(bins), _BINS_A_LINE)]
    top = max([*sums, 1])
    table = _table("scores", "from", "consumers", "")
    for i, number in enumerate(sums):
        table.add_row(str(i * _BINS_A_LINE * HISTOGRAM_STEP), f"{number:,}", "█" * round(_BAR_WIDTH * number / top))
    return table


def _bands(outcome: RunOutcome) -> Text:
    scores = outcome.summary.scores
    shares = ", ".join(f"{band} {number / max(scores.scored, 1):.1%}" for band, number in scores.bands.items())
    mean_score = scores.score_sum / max(scores.scored, 1)
    mean_probability = scores.probability_sum / max(scores.scored, 1)
    return Text(f"bands: {shares}; mean score {mean_score:.0f}; mean probability of default {mean_probability:.2%}")


def _steps(outcome: RunOutcome) -> Table:
    table = _table("steps", "step", "seconds", "CPU seconds", "peak MiB")
    for step in outcome.steps:
        table.add_row(step.step, f"{step.seconds:.2f}", f"{step.cpu_seconds:.2f}", f"{step.peak_mib:,.0f}")
    rate = outcome.events_read / outcome.seconds if outcome.seconds else 0.0
    table.caption = f"{outcome.events_read:,} records in {outcome.seconds:.1f} s: {rate:,.0f} a second"
    return table


def _gates(outcome: RunOutcome) -> Text:
    broken = [gate for gate in outcome.gates.results if not gate.success]
    lines = [f"gates: {len(outcome.gates.results) - len(broken)} of {len(outcome.gates.results)} expectations hold"]
    lines += [f"  {'CRITICAL' if g.critical else 'warning'}: {g.suite}: {g.expectation} ({g.observed})" for g in broken]
    return Text("\n".join(lines))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 or column in {"tables", ""} else "right")
    return table


def _were(ranges: int) -> str:
    return "1 range was" if ranges == 1 else f"{ranges} ranges were"
