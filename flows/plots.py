"""Plots of a run as inline SVG, so that a report is one file that needs nothing from elsewhere."""

from __future__ import annotations

from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX
from flows.range_summary import HISTOGRAM_STEP, RangeSummary
from flows.run_outcome import RunOutcome
from flows.svg_figures import BAND_COLOURS, BLUE, GREY, new_figure, to_svg

_TOP_RULES = 15


def score_histogram(summary: RangeSummary) -> str:
    """Return the distribution of scores, coloured by band."""
    figure, axes = new_figure("Distribuição dos scores", "score (0-1000)", "consumidores")
    for i, number in enumerate(summary.scores.histogram):
        left = i * HISTOGRAM_STEP
        axes.bar(left, number, width=HISTOGRAM_STEP, align="edge", color=BAND_COLOURS[_band_of_bar(left)])
    for band, upper in BAND_UPPER_SCORES[:-1]:
        axes.axvline(upper + 0.5, color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(band.value, (upper, 1.0), xycoords=("data", "axes fraction"), ha="right", va="bottom", fontsize=8)
    axes.annotate(
        BAND_UPPER_SCORES[-1][0].value,
        (1000, 1.0),
        xycoords=("data", "axes fraction"),
        ha="right",
        va="bottom",
        fontsize=8,
    )
    return to_svg(figure)


def rejects_by_rule(summary: RangeSummary) -> str:
    """Return the records refused by rule, most first."""
    totals: dict[str, int] = {}
    for counts in summary.counts.values():
        for rule, number in counts.rejected.items():
            totals[rule] = totals.get(rule, 0) + number
    top = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:_TOP_RULES][::-1]
    figure, axes = new_figure("Registros rejeitados por regra", "registros", "")
    axes.barh([rule for rule, _ in top] or ["nenhum"], [number for _, number in top] or [0], color=BLUE)
    return to_svg(figure)


def seconds_by_step(outcome: RunOutcome) -> str:
    """Return wall seconds by step, with the peak memory after each."""
    figure, axes = new_figure("Tempo e memória por passo", "segundos", "")
    names = [step.step for step in outcome.steps][::-1]
    seconds = [step.seconds for step in outcome.steps][::-1]
    axes.barh(names, seconds, color=BLUE)
    for i, step in enumerate(outcome.steps[::-1]):
        axes.annotate(
            f" {step.seconds:.1f} s; pico {step.peak_mib:,.0f} MiB", (step.seconds, i), va="center", fontsize=8
        )
    axes.set_xlim(0, max([*seconds, 0.1]) * 1.35)
    return to_svg(figure)


def missing_by_feature(summary: RangeSummary) -> str:
    """Return each feature's share of missing values, most first."""
    shares = {name: c.missing / c.rows for name, c in summary.columns.items() if c.rows}
    ordered = sorted(shares.items(), key=lambda item: (item[1], item[0]))
    figure, axes = new_figure(
        "Parcela faltante por variável", "parcela dos consumidores", "", height=0.16 * len(ordered) + 1
    )
    axes.barh([name for name, _ in ordered], [share for _, share in ordered], color=BLUE)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlim(0, 1)
    return to_svg(figure)


def _band_of_bar(left: int) -> str:
    """Return the band of all scores of a bar but the first, which ends the band before.

    >>> _band_of_bar(300), _band_of_bar(1000)
    ('regular', 'muito_bom')
    """
    return next(band.value for band, upper in BAND_UPPER_SCORES if min(left + 1, SCORE_MAX) <= upper)
