"""Plots of a model's evidence as inline SVG: ranking, calibration, months, bands, stability, fairness, price."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from flows.svg_figures import BAND_COLOURS, BLUE, GREEN, GREY, ORANGE, RED, new_figure, plain, to_svg
from models.validation.card_evidence import PSI_STABLE
from models.validation.evidence import Evidence
from models.validation.fairness import AttributeFairness
from models.validation.figure_labels import ATTRIBUTES, BANDS, CHALLENGERS, sets_of
from models.validation.figures import GroupFigures, SetFigures
from models.validation.intervals import Interval
from models.validation.number_texts import decimal, percent

HALF = 4.4
"""Width, in inches, of a plot that shares its line with another."""

MOST_FEATURES = 25
"""Features drawn by how much they moved; the table holds all."""

SET_COLOURS = (BLUE, GREY, ORANGE, GREEN)


def roc(figures: SetFigures) -> str:
    """Return the ROC curve."""
    goods, bads = _shares_below(figures)
    figure, axes = new_figure("ROC", "bons recusados", "maus achados", width=HALF, height=HALF)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    axes.plot(goods, bads, color=BLUE)
    axes.fill_between(goods, goods, bads, color=BLUE, alpha=0.08)
    _note(axes, f"AUC {_text(figures.auc)}", (0.97, 0.05), "right")
    _percent_axes(axes, both=True)
    axes.set_aspect("equal")
    return to_svg(figure)


def precision_recall(figures: SetFigures) -> str:
    """Return precision (bads among those refused) by recall (bads refused)."""
    goods, bads = (np.array(counts, np.float64) for counts in (figures.below.goods, figures.below.bads))
    found = goods + bads > 0
    figure, axes = new_figure(
        "Precisão e revocação",
        "maus achados (revocação)",
        "maus entre os recusados (precisão)",
        width=HALF,
        height=HALF,
    )
    if figures.bads:
        axes.plot(bads[found] / bads[-1], bads[found] / (goods + bads)[found], color=BLUE)
        axes.axhline(figures.bads / figures.rows, color=GREY, linewidth=0.8, linestyle=":")
        _note(axes, f"precisão média {_text(figures.average_precision)}", (0.97, 0.93), "right")
        _note(axes, "linha pontilhada: sorteio", (0.97, 0.87), "right", size=7)
    _percent_axes(axes, both=True)
    return to_svg(figure)


def kolmogorov_smirnov(figures: SetFigures) -> str:
    """Return the two cumulative distributions of the score and their greatest distance."""
    goods, bads = _shares_below(figures)
    scores = np.array([0, *figures.below.scores], np.float64)
    figure, axes = new_figure("KS: parcela com score até x", "score (antes do corte em 0 e 1000)", "")
    axes.plot(scores[1:], bads[1:], color=RED, label="maus")
    axes.plot(scores[1:], goods[1:], color=GREEN, label="bons")
    if figures.ks is not None:
        widest = int(np.argmax(np.abs(bads - goods)))
        axes.vlines(scores[widest], goods[widest], bads[widest], color="#1d2129", linewidth=1.2)
        _note(axes, f"KS {_text(figures.ks)}, no score {int(scores[widest])}", (0.98, 0.08), "right")
    axes.legend(frameon=False, loc="upper left", fontsize=8)
    _percent_axes(axes)
    return to_svg(figure)


def gini_by_month(evidence: Evidence) -> str:
    """Return the Gini as of each date, with its interval, of every set of rows."""
    figure, axes = new_figure("Gini por data de referência", "", "Gini")
    sets = [(name, figures) for name, figures in sets_of(evidence) if name != "Ajuste"]
    days = sorted({month.as_of for _, figures in sets for month in figures.months})
    for place, (name, figures) in enumerate(sets):
        shift = (place - (len(sets) - 1) / 2) * 0.12
        known = [(days.index(m.as_of) + shift, m.gini) for m in figures.months if m.gini is not None]
        _points(axes, known, colour=SET_COLOURS[place], label=name)
    axes.set_xticks(range(len(days)), days)
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, 2)))
    axes.legend(frameon=False, fontsize=8, loc="best")
    return to_svg(figure)


def calibration_curve(figures: SetFigures) -> str:
    """Return the observed rate by expected probability, each point a twentieth of the rows, on logarithmic axes."""
    figure, axes = new_figure("Calibração", "probabilidade média prevista", "taxa observada", width=HALF, height=HALF)
    groups = [g for g in figures.curve if g.bad_rate and g.mean_probability]
    low = min([g.mean_probability.estimate for g in groups if g.mean_probability], default=0.01) / 2
    known = [
        (g.mean_probability.estimate, _at_least(g.bad_rate, low)) for g in groups if g.mean_probability and g.bad_rate
    ]
    axes.plot([low, 1], [low, 1], color=GREY, linewidth=0.8, linestyle=":")
    _points(axes, known, colour=BLUE, label=None)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, 1)
    axes.set_ylim(low, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 0 if value >= 0.01 else 2)))
        axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    _note(axes, f"ECE {_text(figures.ece)}", (0.97, 0.05), "right")
    return to_svg(figure)


def score_distribution(figures: SetFigures) -> str:
    """Return the distribution of the published score among good rows and among bad ones."""
    starts = np.array(figures.histogram.scores)
    step = int(starts[1] - starts[0])
    figure, axes = new_figure(
        "Score por desfecho", "score (0-1000)", f"parcela, por {step} pontos", width=HALF, height=HALF
    )
    for counts, colour, name in ((figures.histogram.goods, GREEN, "bons"), (figures.histogram.bads, RED, "maus")):
        shares = np.array(counts, np.float64) / max(1, sum(counts))
        axes.stairs(shares, [*starts, starts[-1] + step], fill=True, alpha=0.35, color=colour, label=name)
        axes.stairs(shares, [*starts, starts[-1] + step], color=colour, linewidth=1)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    _percent_axes(axes)
    return to_svg(figure)


def rates_by_band(figures: SetFigures) -> str:
    """Return the observed rate of each band with its interval, and what was expected."""
    colours = [BAND_COLOURS[group.group] for group in figures.bands]
    names = [BANDS[group.group] for group in figures.bands]
    return _rates("Inadimplência por faixa", figures.bands, names, colours)


def rates_by_decile(figures: SetFigures) -> str:
    """Return the observed rate of each tenth of the rows, the riskiest first, and what was expected."""
    return _rates(
        "Inadimplência por decil do score",
        figures.deciles,
        [group.group for group in figures.deciles],
        [BLUE] * len(figures.deciles),
    )


def feature_stability(evidence: Evidence) -> str:
    """Return the features that moved most from the fit to later dates, beside what chance explains."""
    features = [one for one in evidence.stability if one.name != "score" and one.index is not None]
    moved = sorted(features, key=lambda one: (one.index.estimate if one.index else 0.0, one.name))[-MOST_FEATURES:]
    figure, axes = new_figure("CSI por variável, do ajuste a fora do tempo", "CSI", "", height=0.2 * len(moved) + 1)
    for place, one in enumerate(moved):
        assert one.index is not None
        assert one.chance_limit is not None
        axes.barh(place, one.index.estimate, color=BLUE, alpha=0.8, height=0.7)
        axes.plot([one.index.low, one.index.high], [place, place], color="#1d2129", linewidth=0.9)
        axes.plot([one.chance_limit] * 2, [place - 0.4, place + 0.4], color=RED, linewidth=1.4)
    axes.set_yticks(range(len(moved)), [plain(one.name) for one in moved], fontsize=7)
    axes.set_ylim(-0.6, len(moved) - 0.4)
    axes.set_xlim(left=0)
    if axes.get_xlim()[1] > PSI_STABLE:
        axes.axvline(PSI_STABLE, color=GREY, linewidth=0.8, linestyle=":")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace(".", ",")))
    return to_svg(figure)


def fairness(one: AttributeFairness) -> str:
    """Return each judged group's ratio of approval, and its observed rate beside the expected one."""
    groups = [group for group in one.groups if group.judged]
    title = plain(ATTRIBUTES.get(one.attribute, one.attribute))
    figure, axes = new_figure(
        f"{title}: taxa observada e prevista", "inadimplência", "", height=0.35 * len(groups) + 1.1
    )
    for place, group in enumerate(reversed(groups)):
        if group.bad_rate and group.mean_probability:
            axes.plot([group.bad_rate.low, group.bad_rate.high], [place, place], color=BLUE, linewidth=2, alpha=0.5)
            axes.plot(group.bad_rate.estimate, place, "o", color=BLUE, label="observada" if place == 0 else None)
            axes.plot(
                group.mean_probability.estimate, place, "D", color=ORANGE, label="prevista" if place == 0 else None
            )
    axes.set_yticks(range(len(groups)), [plain(group.group) for group in reversed(groups)])
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(_percent_tick))
    axes.legend(frameon=False, fontsize=8, loc="best")
    return to_svg(figure)


def price(evidence: Evidence) -> str:
    """Return the AUC of the model and of each challenger, with intervals."""
    rows = [("Este modelo", evidence.out_of_time.auc)]
    rows += [(CHALLENGERS.get(one.name, one.name), one.auc) for one in evidence.challengers]
    figure, axes = new_figure("AUC fora do tempo", "AUC", "", height=0.35 * len(rows) + 1.1)
    for place, (_, found) in enumerate(reversed(rows)):
        if found is not None:
            colour = BLUE if place == len(rows) - 1 else GREY
            axes.plot([found.low, found.high], [place, place], color=colour, linewidth=2, alpha=0.5)
            axes.plot(found.estimate, place, "o", color=colour)
            axes.annotate(decimal(found.estimate), (found.estimate, place + 0.18), ha="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [plain(name) for name, _ in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, 3)))
    return to_svg(figure)


def _rates(title: str, groups: Sequence[GroupFigures], names: Sequence[str], colours: Sequence[str]) -> str:
    figure, axes = new_figure(title, "", "taxa de inadimplência", width=HALF)
    for place, (group, colour) in enumerate(zip(groups, colours, strict=True)):
        if group.bad_rate is None or group.mean_probability is None:
            continue
        axes.bar(place, group.bad_rate.estimate, color=colour, alpha=0.85, width=0.75)
        axes.plot([place, place], [group.bad_rate.low, group.bad_rate.high], color="#1d2129", linewidth=1)
        axes.plot(
            [place - 0.37, place + 0.37],
            [group.mean_probability.estimate] * 2,
            color="#1d2129",
            linewidth=1.2,
            linestyle=(0, (2, 1)),
        )
    axes.set_xticks(range(len(names)), names)
    _percent_axes(axes)
    return to_svg(figure)


def _points(axes: Axes, known: Sequence[tuple[float, Interval]], *, colour: str, label: str | None) -> None:
    if not known:
        return
    centres = [found.estimate for _, found in known]
    arms = [[found.estimate - found.low for _, found in known], [found.high - found.estimate for _, found in known]]
    axes.errorbar(
        [x for x, _ in known], centres, yerr=arms, fmt="o", markersize=4, linewidth=1.2, color=colour, label=label
    )


def _shares_below(figures: SetFigures) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return the shares of good and of bad rows up to each kept score, from none on."""
    return [
        np.array([0, *counts], np.float64) / max(1, counts[-1] if counts else 0)
        for counts in (figures.below.goods, figures.below.bads)
    ]


def _at_least(found: Interval, low: float) -> Interval:
    """Return an interval moved into what a logarithmic axis from ``low`` on shows."""
    return Interval(max(found.estimate, low), max(found.low, low), max(found.high, low))


def _note(axes: Axes, text: str, place: tuple[float, float], side: str, *, size: int = 8) -> None:
    axes.annotate(text, place, xycoords="axes fraction", ha=side, fontsize=size)


def _percent_axes(axes: Axes, *, both: bool = False) -> None:
    formatter = FuncFormatter(_percent_tick)
    axes.yaxis.set_major_formatter(formatter)
    axes.set_ylim(bottom=0)
    if both:
        axes.xaxis.set_major_formatter(formatter)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)


def _percent_tick(value: float, _: int | None = None) -> str:
    return percent(value, 0 if math.isclose(100 * value, round(100 * value), abs_tol=1e-6) else 1)


def _text(found: Interval | None) -> str:
    if found is None:
        return "não medido"
    return f"{decimal(found.estimate, 3)} ({decimal(found.low, 3)} a {decimal(found.high, 3)})"
