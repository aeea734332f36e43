# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train, and compare
#
# A model in three lines, judged on a later date and beside others. This is for exploring: `escore train` does the same
# with several dates, strict splits by consumer, calibration, challengers and a gate (docs/how-to/train-and-promote.md).

# %%
from datetime import date

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import escore
from models import Scorecard

# %% [markdown]
# ## Two dates: learn on the earlier, judge on the later
#
# A label is known only when the horizon and 90 days have passed; one that is not known yet is refused, not guessed.
# Half of the consumers learn and the other half are judged, so that nobody is in both.

# %%
learn_on, judge_on = date(2023, 12, 31), date(2024, 6, 30)


def dated(as_of: date) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features of the consumers of whom something is known, and who defaulted later."""
    known = escore.load_features(as_of)
    known = known[~known["sem_dados"]].drop(columns="sem_dados")
    return known, escore.load_labels(as_of).reindex(known.index)


half = escore.load_scores(share=0.5).index
(features, bad), (later, later_bad) = dated(learn_on), dated(judge_on)
learns = features.index.isin(half)
features, bad = features[learns], bad[learns]
judged = ~later.index.isin(half)
later, later_bad = later[judged], later_bad[judged]
print(f"learn: {len(bad):,} consumers, {bad.mean():.1%} bad; judge: {len(later_bad):,}, {later_bad.mean():.1%} bad")

# %% [markdown]
# ## The scorecard, and two challengers

# %%
numbers, texts = make_column_selector(dtype_include="number"), make_column_selector(dtype_exclude="number")
plain = make_column_transformer(
    (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
    (OneHotEncoder(handle_unknown="ignore"), texts),
)
models = {
    "scorecard": Scorecard(random_state=1),
    "logistic regression": make_pipeline(plain, LogisticRegression(C=0.1, max_iter=2_000)),
    "gradient boosting": make_pipeline(
        make_column_transformer(("passthrough", numbers)), HistGradientBoostingClassifier(max_depth=3, random_state=1)
    ),
}
forecasts = {}
for name, model in models.items():
    model.fit(features, bad)
    forecasts[name] = pd.Series(model.predict_proba(later)[:, 1], index=later.index, name=name)
    print(f"{name:20} AUC {roc_auc_score(later_bad, forecasts[name]):.4f}")
in_force = escore.score_features(escore.load_model(), escore.load_features(judge_on)).reindex(later.index)
print(f"{'in force':20} AUC {roc_auc_score(later_bad, in_force['probabilidade']):.4f} (it may have learned from them)")

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
escore.plot_ranking(later_bad, -forecasts["scorecard"], left)
axes = escore.plot_reliability(later_bad, forecasts["scorecard"], right)

# %% [markdown]
# ## What the scorecard says
#
# Integer points that a person can read: base, and a number a cell.

# %%
card = models["scorecard"].points_
print(f"base {card.base_points}, {len(card.terms)} terms, of which {sum(t.is_pair for t in card.terms)} are pairs")
for term in sorted(card.terms, key=lambda term: min(term.points) - max(term.points))[:6]:
    print(f"{' x '.join(term.features)}: {min(term.points):+d} to {max(term.points):+d}")
