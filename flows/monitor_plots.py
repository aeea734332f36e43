"""Plots of a monitored run: training beside the run, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contracts.score_scale import SCORE_MAX, SCORE_MIN
from flows.range_summary import HISTOGRAM_BINS, HISTOGRAM_STEP
from flows.svg_figures import BLUE, GREY, ORANGE, RED, new_figure, to_svg
from models.monitoring.drift_findings import LIMITS, Finding, Level, Measure
from models.monitoring.observed_performance import ObservedPerformance
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.cell_labels import cell_labels
from models.points.table import Axis

MOST_BARS = 40
"""Features in one plot; the table below it has them all."""

LEVEL_COLOURS = {Level.OK: BLUE, Level.ATTENTION: ORANGE, Level.ALERT: RED}
_HALF = 0.4


def score_shares(reference: ReferenceDistribution, actual: ReferenceDistribution) -> str:
    """Return the distribution of scores in training, as a line, over that of the run."""
    figure, axes = new_figure("Scores: treino e execução", "score (0-1000)", "parcela")
    left = np.arange(HISTOGRAM_BINS) * HISTOGRAM_STEP
    axes.bar(left, _score_histogram(actual), width=HISTOGRAM_STEP, align="edge", color=BLUE, label="execução")
    axes.stairs(_score_histogram(reference), [*left, left[-1] + HISTOGRAM_STEP], color=ORANGE, lw=1.6, label="treino")
    axes.legend(frameon=False)
    return to_svg(figure)


def stability_bars(findings: Sequence[Finding]) -> str:
    """Return each feature's stability index, greatest first, coloured by level, with the two limits."""
    shown = sorted(findings, key=lambda finding: (finding.actual, finding.subject))[-MOST_BARS:]
    height = 0.18 * len(shown) + 1.2
    figure, axes = new_figure("Estabilidade das variáveis (PSI)", "PSI", "", height=height)
    colours = [LEVEL_COLOURS[finding.level] for finding in shown]
    axes.barh([finding.subject for finding in shown], [finding.actual for finding in shown], color=colours)
    limits = LIMITS[Measure.FEATURE_STABILITY]
    for limit in (limits.attention, limits.alert):
        axes.axvline(limit, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlim(0, max(limits.alert * 1.1, *(finding.actual for finding in shown), 0) * 1.02)
    axes.tick_params(axis="y", labelsize=7)
    return to_svg(figure)


def cell_shares(axis: Axis, reference: ReferenceDistribution, actual: ReferenceDistribution) -> str:
    """Return one feature's shares by cell, training beside the run; cells empty on both sides are left out."""
    before, now = (np.array(one.cells[axis.feature]) / max(one.rows, 1) for one in (reference, actual))
    shown = np.flatnonzero(before + now)
    names = np.array(cell_labels(axis), dtype=object)[shown]
    figure, axes = new_figure(axis.feature, "", "parcela", height=3.0)
    places = np.arange(len(shown))
    axes.bar(places - _HALF / 2, before[shown], width=_HALF, color=ORANGE, label="treino")
    axes.bar(places + _HALF / 2, now[shown], width=_HALF, color=BLUE, label="execução")
    axes.set_xticks(places, list(names), rotation=40, ha="right", fontsize=7)
    axes.legend(frameon=False)
    return to_svg(figure)


def calibration_by_band(observed: ObservedPerformance) -> str:
    """Return the observed rate of each band with its interval, beside the expected one."""
    figure, axes = new_figure("Taxa de inadimplência por faixa", "", "taxa")
    bands = [band for band in observed.bands if band.observed is not None]
    for place, band in enumerate(bands):
        if band.observed is not None and band.expected is not None:
            axes.plot([place, place], [band.observed.low, band.observed.high], color=BLUE, linewidth=2)
            axes.plot(place, band.observed.estimate, "o", color=BLUE, label="observada" if not place else None)
            axes.plot(place, band.expected, "_", color=RED, ms=22, mew=2, label="esperada" if not place else None)
    axes.set_xticks(range(len(bands)), [band.band for band in bands])
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return to_svg(figure)


def _score_histogram(distribution: ReferenceDistribution) -> npt.NDArray[np.float64]:
    raw = np.array(list(distribution.scores), np.int64)
    rows = np.array(list(distribution.scores.values()), np.float64)
    place = (np.clip(raw, SCORE_MIN, SCORE_MAX) - SCORE_MIN) // HISTOGRAM_STEP
    return np.bincount(place, weights=rows, minlength=HISTOGRAM_BINS) / max(distribution.rows, 1)
