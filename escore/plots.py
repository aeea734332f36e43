"""Plots of what the frames hold, with titles, units and labels; each draws on given axes or on a figure of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from contracts.errors import UsageError
from contracts.score_terms import BAND_UPPER_SCORES, SCORE_MAX
from escore.scorecards import load_points
from features.catalog import FEATURES_BY_NAME
from flows.svg_figures import BAND_COLOURS, BLUE, GREEN, GREY, RED
from models.registered_model import RegisteredModel

BIN_WIDTH = 20
GROUPS = 10
FOUR_FIFTHS = 0.8
"""Ratio of approval below which a group is said to be at a disadvantage (29 CFR 1607.4 D)."""


def plot_scores(scores: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw how many consumers have which score, coloured by band; ``scores`` as ``load_scores`` returns."""
    axes = axes or _new_axes()
    edges = np.arange(0, SCORE_MAX + BIN_WIDTH + 1, BIN_WIDTH)
    counts, _ = np.histogram(scores["score"].dropna().to_numpy(np.int64), edges)
    colours = [BAND_COLOURS[_band_at(int(left))] for left in edges[:-1]]
    axes.bar(edges[:-1], counts, width=BIN_WIDTH, align="edge", color=colours)
    for band, upper in BAND_UPPER_SCORES:
        axes.annotate(band.value, (upper, 1.0), xycoords=("data", "axes fraction"), ha="right", va="bottom", fontsize=8)
    insufficient = int(scores["score"].isna().sum())
    return _labelled(axes, f"Scores ({insufficient:,} without one)", "score (0-1000)", "consumers", pad=16)


def plot_feature(features: pd.DataFrame, name: str, values: pd.Series | None = None, axes: Axes | None = None) -> Axes:
    """Draw a feature by tenths of the consumers (or by value), and the mean of ``values`` (scores, labels) in each.

    The last bar is that of consumers of whom it is missing.
    """
    if name not in features or name not in FEATURES_BY_NAME:
        raise UsageError(f"no such feature in the frame: {name}")
    axes = axes or _new_axes()
    groups = _grouped(features[name])
    counts = groups.value_counts(sort=False)
    places = np.arange(len(counts))
    axes.bar(places, counts, color=BLUE)
    axes.set_xticks(places, [str(label) for label in counts.index], rotation=35, ha="right", fontsize=8)
    if values is not None:
        means = values.reindex(features.index).astype("float64").groupby(groups, observed=False).mean()
        twin = axes.twinx()
        twin.plot(places, means.reindex(counts.index), "o-", color=RED)
        twin.set_ylabel(f"mean of {values.name}", color=RED)
    return _labelled(axes, name, FEATURES_BY_NAME[name].unit, "consumers")


def plot_term(model: RegisteredModel, code: str, axes: Axes | None = None) -> Axes:
    """Draw a term's points cell by cell, those without rows in the fit left out; a pair as a map of both."""
    points = load_points(model)
    if code not in points.index.get_level_values("code"):
        raise UsageError(
            f"no such term: {code}; the model has {', '.join(t.code for t in model.points.terms[:5])}, ..."
        )
    term = next(term for term in model.points.terms if term.code == code)
    cells = points.loc[code]
    axes = axes or _new_axes()
    if term.is_pair:
        grid = cells["points"].to_numpy().reshape(term.shape)
        limit = max(1, np.abs(grid).max())
        drawn = axes.pcolormesh(grid, cmap="RdYlGn", vmin=-limit, vmax=limit)
        axes.figure.colorbar(drawn, ax=axes, label="points")
        rows, columns = (f"cells of {name}" for name in term.features)
        return _labelled(axes, f"{code}: {' x '.join(term.features)}", columns, rows)
    shown = cells[cells["rows"].fillna(1) > 0]
    axes.bar(np.arange(len(shown)), shown["points"], color=np.where(shown["points"] < 0, RED, GREEN))
    axes.set_xticks(range(len(shown)), shown["holds"], rotation=35, ha="right", fontsize=7)
    axes.axhline(0, color=GREY, linewidth=0.8)
    feature = FEATURES_BY_NAME.get(term.features[0])
    return _labelled(axes, f"{code}: {term.features[0]}", feature.unit if feature else "", "points")


def plot_waterfall(steps: pd.Series, *, title: str, axes: Axes | None = None) -> Axes:
    """Draw numbers that add up, one after the other."""
    axes = axes or _new_axes()
    starts = steps.cumsum().shift(fill_value=0)
    axes.bar(steps.index, steps, bottom=starts, color=np.where(steps < 0, RED, GREEN))
    axes.axhline(steps.sum(), color=GREY, linewidth=0.8)
    axes.tick_params(axis="x", rotation=60)
    return _labelled(axes, title, "term", "points")


def plot_ranking(labels: pd.Series, scores: pd.Series, axes: Axes | None = None) -> Axes:
    """Draw the ROC curve of scores (higher is safer) against who defaulted; consumers in both, with a score."""
    from sklearn.metrics import roc_auc_score, roc_curve  # noqa: PLC0415 - takes seconds to import

    known = pd.concat([labels.rename("bad"), scores.rename("score")], axis=1, join="inner").dropna()
    bad, safety = known["bad"].to_numpy(bool), known["score"].to_numpy(np.float64)
    goods, bads, _ = roc_curve(bad, -safety)
    axes = axes or _new_axes(5, 5)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=0.8)
    axes.plot(goods, bads, color=BLUE)
    title = f"AUC {roc_auc_score(bad, -safety):.4f}, {len(known):,} consumers"
    return _labelled(axes, title, "share of the good refused", "share of the bad refused")


def plot_reliability(labels: pd.Series, probabilities: pd.Series, axes: Axes | None = None) -> Axes:
    """Draw the bad rate by tenths of the predicted probability: on the diagonal where a probability is what it says."""
    known = pd.concat([labels.rename("bad"), probabilities.rename("p")], axis=1, join="inner").dropna()
    groups = pd.qcut(known["p"].rank(method="first"), GROUPS, labels=False)
    means = known.astype("float64").groupby(groups).mean()
    axes = axes or _new_axes(5, 5)
    top = float(means.to_numpy().max()) * 1.05
    axes.plot([0, top], [0, top], color=GREY, linestyle=":", linewidth=0.8)
    axes.plot(means["p"], means["bad"], "o-", color=BLUE)
    return _labelled(
        axes, f"Reliability, {len(known):,} consumers", "mean probability of default", "share that defaulted"
    )


def plot_fairness(fairness: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw each group's approval relative to its attribute's most approved, with 95% intervals.

    ``fairness`` is as ``load_fairness`` returns it.
    """
    judged = fairness[fairness["judged"]].iloc[::-1]
    axes = axes or _new_axes(8, 0.35 * len(judged) + 1.5)
    at = np.arange(len(judged))
    ratio = judged["approval_ratio"]
    arms = np.clip([ratio - judged["approval_ratio_low"], judged["approval_ratio_high"] - ratio], 0, None)
    axes.errorbar(ratio, at, xerr=arms, fmt="o", color=BLUE, capsize=3)
    axes.axvline(FOUR_FIFTHS, color=RED, linestyle=":", linewidth=0.8)
    axes.set_yticks(at, [f"{attribute}: {group}" for attribute, group in judged.index])
    return _labelled(axes, "Approval relative to the most approved group", "ratio (dotted: four fifths)", "")


def plot_drift(drift: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Draw the features' stability indexes (PSI), largest first, coloured by level; see ``load_drift``."""
    index = drift[drift["measure"] == "estabilidade_da_variavel"].nlargest(20, "change").iloc[::-1]
    axes = axes or _new_axes(8, 0.28 * len(index) + 1.5)
    colours = {"ok": GREEN, "atencao": BAND_COLOURS["regular"], "alerta": RED}
    axes.barh(index["subject"], index["change"], color=[colours[str(level)] for level in index["level"]])
    return _labelled(axes, "Change of the features since training", "PSI beyond what chance explains", "")


def _grouped(values: pd.Series) -> pd.Series:
    if values.dtype != "float64":
        return values.astype("str").fillna("missing").astype("category")
    known = values.dropna()
    groups = values.astype("category") if known.nunique() <= GROUPS else pd.qcut(values, GROUPS, duplicates="drop")
    return groups.cat.add_categories("missing").fillna("missing")


def _band_at(score: int) -> str:
    return next(band.value for band, upper in BAND_UPPER_SCORES if score <= upper)


def _new_axes(width: float = 8, height: float = 3.4) -> Axes:
    import matplotlib.pyplot as plt  # noqa: PLC0415 - takes a second to import

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _labelled(axes: Axes, title: str, x_label: str, y_label: str, *, pad: float = 6) -> Axes:
    axes.set_title(title.replace("$", r"\$"), loc="left", fontsize=11, pad=pad)
    axes.set_xlabel(x_label.replace("$", r"\$"))
    axes.set_ylabel(y_label.replace("$", r"\$"))
    axes.spines[["top"]].set_visible(False)
    return axes
