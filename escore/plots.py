"""Plots of what the frames hold, with titles, units and labels; each draws on given axes or on a figure of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from contracts.errors import UsageError
from contracts.score_terms import BAND_UPPER_SCORES, SCORE_MAX, band_of
from escore.drawing import (
    BAND_COLOURS,
    BLUE,
    COUNTS,
    GREY,
    GROUPS,
    LEVEL_COLOURS,
    MISSING,
    SHARES,
    VERMILLION,
    explain_colours,
    grouped,
    labelled,
    name_places,
    new_axes,
)
from features.catalog import FEATURES_BY_NAME

BIN_WIDTH = 20
MOST_DRIFT = 20
"""Features that the plot of drift shows."""

FOUR_FIFTHS = 0.8
"""Ratio of approval below which a group is said to be at a disadvantage (29 CFR 1607.4 D)."""


def plot_scores(scores: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw how many consumers have which score, coloured by band; ``scores`` as ``load_scores`` returns.

    Examples
    --------
    >>> escore.plot_scores(escore.load_scores()).get_xlabel()
    'score (0-1000)'
    """
    axes = new_axes(axes)
    edges = np.arange(0, SCORE_MAX + 1, BIN_WIDTH)
    counts, _ = np.histogram(scores["score"].dropna().to_numpy(np.int64), edges)
    colours = [BAND_COLOURS[band_of(int(left) + BIN_WIDTH // 2)] for left in edges[:-1]]
    axes.bar(edges[:-1], counts, width=BIN_WIDTH, align="edge", color=colours, edgecolor="white", linewidth=0.4)
    first = 0
    for band, upper in BAND_UPPER_SCORES:
        middle = (first + upper) / 2
        axes.annotate(
            band.value, (middle, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8
        )
        axes.axvline(upper, color=GREY, linestyle=":", linewidth=0.8)
        first = upper
    axes.set_xlim(0, SCORE_MAX)
    axes.yaxis.set_major_formatter(COUNTS)
    without = int(scores["score"].isna().sum())
    title = f"Scores of {len(scores) - without:,} consumers; {without:,} have none"
    return labelled(axes, title, "score (0-1000)", "consumers", pad=18)


def plot_feature(features: pd.DataFrame, name: str, values: pd.Series | None = None, axes: Axes | None = None) -> Axes:
    """Draw a feature by tenths of the consumers (or by value), and the mean of ``values`` (scores, labels) in each.

    A tenth is named by its largest value; the last bar is of the consumers of whom the feature is missing.

    Examples
    --------
    >>> features, scores = escore.load_features(columns=["idade_anos"]), escore.load_scores()
    >>> escore.plot_feature(features, "idade_anos", scores["score"]).get_xlabel()
    'idade_anos (anos)'
    """
    if name not in features or name not in FEATURES_BY_NAME:
        raise UsageError(f"no such feature in the frame: {name}")
    axes = new_axes(axes)
    groups = grouped(features[name])
    counts = groups.value_counts(sort=False)
    places = np.arange(len(counts))
    colours = [GREY if label == MISSING else BLUE for label in counts.index]
    axes.bar(places, counts, color=colours, width=0.8)
    name_places(axes, [str(label) for label in counts.index])
    axes.yaxis.set_major_formatter(COUNTS)
    title = f"{name}: consumers in each group"
    if values is not None:
        title = f"{name}: consumers, and their mean {values.name}"
        means = values.reindex(features.index).astype("float64").groupby(groups, observed=False).mean()
        twin = axes.twinx()
        twin.plot(places, means.reindex(counts.index), "o-", color=VERMILLION, markeredgecolor="white")
        twin.set_ylabel(f"mean {values.name} (line)", color=VERMILLION)
        twin.spines["top"].set_visible(False)
        if values.dtype == "bool":
            twin.yaxis.set_major_formatter(SHARES)
    return labelled(axes, title, f"{name} ({FEATURES_BY_NAME[name].unit})", "consumers (bars)")


def plot_ranking(labels: pd.Series, scores: pd.Series, axes: Axes | None = None) -> Axes:
    """Draw the ROC curve of scores (higher is safer) against who defaulted; consumers in both, with a score.

    Examples
    --------
    >>> then = escore.score_features(escore.load_model(), escore.load_features("2024-06-30"))
    >>> escore.plot_ranking(escore.load_labels("2024-06-30"), then["score"]).get_title(loc="left")
    'AUC 0.8..., ... consumers, ...% of them bad'
    """
    from sklearn.metrics import roc_auc_score, roc_curve  # noqa: PLC0415 - takes seconds to import

    known = pd.concat([labels.rename("bad"), scores.rename("score")], axis=1, join="inner").dropna()
    bad, safety = known["bad"].to_numpy(bool), known["score"].to_numpy(np.float64)
    goods, bads, _ = roc_curve(bad, -safety)
    axes = new_axes(axes, 5, 5)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    axes.annotate("chance", (0.62, 0.56), color=GREY, fontsize=8)
    axes.plot(goods, bads, color=BLUE, linewidth=1.8)
    axes.set_aspect("equal")
    axes.xaxis.set_major_formatter(SHARES)
    axes.yaxis.set_major_formatter(SHARES)
    title = f"AUC {roc_auc_score(bad, -safety):.4f}, {len(known):,} consumers, {bad.mean():.1%} of them bad"
    return labelled(axes, title, "share of the good refused", "share of the bad refused")


def plot_reliability(labels: pd.Series, probabilities: pd.Series, axes: Axes | None = None) -> Axes:
    """Draw the bad rate by tenths of the predicted probability: on the diagonal where a probability is what it says.

    Examples
    --------
    >>> then = escore.score_features(escore.load_model(), escore.load_features("2024-06-30"))
    >>> escore.plot_reliability(escore.load_labels("2024-06-30"), then["probabilidade"]).get_ylabel()
    'share that defaulted'
    """
    known = pd.concat([labels.rename("bad"), probabilities.rename("p")], axis=1, join="inner").dropna()
    groups = pd.qcut(known["p"].rank(method="first"), GROUPS, labels=False)
    means = known.astype("float64").groupby(groups).mean()
    axes = new_axes(axes, 5, 5)
    top = float(means.to_numpy().max()) * 1.05
    axes.plot([0, top], [0, top], color=GREY, linestyle=":", linewidth=1)
    axes.plot(means["p"], means["bad"], "o-", color=BLUE, markeredgecolor="white")
    axes.set_aspect("equal")
    axes.xaxis.set_major_formatter(SHARES)
    axes.yaxis.set_major_formatter(SHARES)
    title = f"Reliability by tenths of {len(known):,} consumers"
    return labelled(axes, title, "mean probability of default", "share that defaulted")


def plot_fairness(fairness: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw each group's approval relative to its attribute's most approved, with 95% intervals.

    ``fairness`` is as ``load_fairness`` returns it; groups of too few to judge are left out.

    Examples
    --------
    >>> escore.plot_fairness(escore.load_fairness()).get_title(loc="left")
    'Approval relative to the most approved group, with 95% intervals'
    """
    judged = fairness[fairness["judged"]].iloc[::-1]
    axes = new_axes(axes, 8, 0.35 * len(judged) + 1.5)
    at = np.arange(len(judged))
    ratio = judged["approval_ratio"]
    arms = np.clip([ratio - judged["approval_ratio_low"], judged["approval_ratio_high"] - ratio], 0, None)
    axes.errorbar(ratio, at, xerr=arms, fmt="o", color=BLUE, capsize=3)
    axes.axvline(FOUR_FIFTHS, color=VERMILLION, linestyle=":", linewidth=1)
    axes.axvline(1, color=GREY, linewidth=0.8)
    axes.set_yticks(at, [f"{attribute}: {group}" for attribute, group in judged.index])
    axes.xaxis.set_major_formatter(SHARES)
    title = "Approval relative to the most approved group, with 95% intervals"
    return labelled(axes, title, "approval, as a share of the most approved group's (dotted: four fifths)", "group")


def plot_drift(drift: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw the features' stability indexes (PSI), largest first, coloured by level; see ``load_drift``.

    Examples
    --------
    >>> escore.plot_drift(escore.load_drift()).get_xlabel()
    'PSI beyond what chance explains'
    """
    index = drift[drift["measure"] == "estabilidade_da_variavel"].nlargest(MOST_DRIFT, "change").iloc[::-1]
    axes = new_axes(axes, 8, 0.28 * len(index) + 1.5)
    axes.barh(index["subject"], index["change"], color=[LEVEL_COLOURS[str(level)] for level in index["level"]])
    axes.set_xlim(left=0)
    explain_colours(axes, LEVEL_COLOURS, title="level")
    axes.margins(y=0.02)
    return labelled(axes, "Change of the features since training", "PSI beyond what chance explains", "feature")
