# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#     notebook_metadata_filter: -jupytext.text_representation
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train, and compare
#
# A model in three lines, judged on a later date and beside others. This is for exploring: `escore train` does the same
# with several dates, strict splits by consumer, calibration, challengers and a gate
# ([train and promote](../docs/how-to/train-and-promote.md)).

# %%
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
from contracts.errors import TrainingRefusedError
from models import Scorecard

# %% [markdown]
# ## Two dates: learn on the earlier, judge on the later
#
# Half of the consumers learn and the other half are judged, so that nobody is in both. `load_scores(share=0.5)` takes
# the same half every time: it is chosen by a hash of the id.

# %%
learn_on, judge_on = "2023-12-31", "2024-06-30"


def dated(as_of: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features of the consumers of whom something is known, and who defaulted later."""
    known = escore.load_features(as_of)
    known = known[~known["sem_dados"]].drop(columns="sem_dados")
    return known, escore.load_labels(as_of).reindex(known.index)


half = escore.load_scores(share=0.5).index
(features, bad), (later, later_bad) = dated(learn_on), dated(judge_on)
learns, judged = features.index.isin(half), ~later.index.isin(half)
features, bad, later, later_bad = features[learns], bad[learns], later[judged], later_bad[judged]
pd.DataFrame(
    {"consumers": [len(bad), len(later_bad)], "bad rate": [bad.mean(), later_bad.mean()]},
    index=[f"learn, {learn_on}", f"judge, {judge_on}"],
)

# %% [markdown]
# A label needs time: twelve months for the debt to fall due and 90 days to be late. One that is not known yet is
# refused, not guessed:

# %%
try:
    escore.load_labels(escore.load_scores(share=0.1).attrs["as_of"])
except TrainingRefusedError as refusal:
    print(refusal)

# %% [markdown]
# ## The scorecard, and two challengers
#
# A higher AUC ranks better: 0.5 is a coin, 1 is an oracle. With so few consumers expect figures that differ by a few
# hundredths either way, and no clear winner: that a table of integer points keeps up is the point. The last row is the
# model in force, which may have learned from these very consumers and so looks better than it is.

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
forecasts = {name: model.fit(features, bad).predict_proba(later)[:, 1] for name, model in models.items()}
in_force = escore.score_features(escore.load_model(), escore.load_features(judge_on)).reindex(later.index)
forecasts["in force"] = in_force["probabilidade"].to_numpy("float64")
pd.Series({name: roc_auc_score(later_bad, forecast) for name, forecast in forecasts.items()}, name="AUC")

# %% [markdown]
# ## Does it rank, and is a probability what it says?
#
# Left: refusing the worst share of consumers catches so many of the bad at the price of so many of the good; the
# further above the dotted line, the better. Right: points on the dotted line mean that of those given 20%, 20%
# defaulted.

# %%
forecast = pd.Series(forecasts["scorecard"], index=later.index)
_, (left, right) = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
escore.plot_ranking(later_bad, -forecast, left)
axes = escore.plot_reliability(later_bad, forecast, right)

# %% [markdown]
# ## What the scorecard says
#
# Integer points that a person can read: a base, and a number a cell. The terms with the widest range of points:

# %%
card = models["scorecard"].points_
print(f"base {card.base_points}, {len(card.terms)} terms, of which {sum(t.is_pair for t in card.terms)} are pairs")
ranges = [(" x ".join(term.features), min(term.points), max(term.points)) for term in card.terms]
widest = pd.DataFrame(ranges, columns=["features", "lowest", "highest"])
widest.loc[(widest["highest"] - widest["lowest"]).nlargest(6).index].reset_index(drop=True)
