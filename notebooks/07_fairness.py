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
# # Fairness, measured and never used
#
# Sex and marital status enter no model (Lei 12.414, art. 3 §3), nor what stands in for them. What a model does to each
# group is measured all the same, on consumers it never saw.

# %%
import pandas as pd
from sklearn.metrics import roc_auc_score

import escore

fairness = escore.load_fairness()
fairness[["rows", "bads", "judged", "approval_rate", "approval_ratio", "opportunity_difference", "calibration_gap"]]

# %% [markdown]
# Groups of too few consumers are shown and not judged.
#
# - `approval_ratio`: approval relative to the most approved group; below 0.8 calls for an answer (four-fifths rule).
# - `opportunity_difference`: the same among those who paid (equal opportunity), as a difference.
# - `calibration_gap`: mean probability less bad rate; above 0, the group's risk is overstated.

# %%
axes = escore.plot_fairness(fairness)

# %% [markdown]
# Look where an interval lies, not where its point does: on a small population intervals are wide, and one that crosses
# the dotted line says "not known", not "unfair". A group that defaults more is approved less by any score that is
# right; the gap to watch is the calibration's.

# %%
judged = fairness[fairness["judged"]]
judged.groupby(level="attribute").agg(
    groups=("rows", "size"),
    least_approval_ratio=("approval_ratio", "min"),
    calibration_gap_from=("calibration_gap", "min"),
    calibration_gap_to=("calibration_gap", "max"),
)

# %% [markdown]
# ## Do the scores differ where the law does not want them to?
#
# The scores in force, by the attributes of the snapshot. In the generated population sex has no part in anything, so
# the means should lie close together.

# %%
clients, scores = escore.load_records("cliente"), escore.load_scores()
scores.join(clients["sexo"]).groupby("sexo")["score"].agg(["count", "mean", "median"])

# %% [markdown]
# ## Could a feature stand in for sex?
#
# How well one feature alone tells it: an AUC of 0.5 is not at all, and that is where all of them should be.

# %%
features = escore.load_features()
known = clients["sexo"].isin(["F", "M"])
is_woman = (clients["sexo"] == "F")[known]
told = {}
for name in features.select_dtypes("float64"):
    values = features[name].reindex(is_woman.index)
    if values.notna().sum() > 500:
        told[name] = roc_auc_score(is_woman[values.notna()], values.dropna())
pd.Series(told, name="AUC").sort_values(key=lambda auc: -(auc - 0.5).abs()).head(5)
