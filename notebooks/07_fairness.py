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
# # Fairness, measured and never used
#
# Sex and marital status enter no model (Lei 12.414, art. 3 §3), nor what stands in for them. What a model does to each
# group is measured all the same, on consumers it never saw.

# %%
from sklearn.metrics import roc_auc_score

import escore

fairness = escore.load_fairness()
columns = ["rows", "bads", "judged", "approval_rate", "approval_ratio", "opportunity_difference", "calibration_gap"]
print(fairness[columns].to_string(float_format="{:.3f}".format))
axes = escore.plot_fairness(fairness)

# %% [markdown]
# ## How to read it
#
# - `approval_ratio`: approval relative to the most approved group; below 0.8 calls for an answer (four-fifths rule).
# - `opportunity_difference`: the same among those who paid (equal opportunity), as a difference.
# - `calibration_gap`: mean probability less bad rate; above 0, the group's risk is overstated.
#
# A group that defaults more is approved less by any score that is right; the gap to watch is the calibration's.

# %%
judged = fairness[fairness["judged"]]
for attribute, groups in judged.groupby(level="attribute"):
    lowest = groups["approval_ratio"].idxmin()
    ratio, low, high = groups.loc[lowest, ["approval_ratio", "approval_ratio_low", "approval_ratio_high"]]
    print(f"{attribute}: least approved is {lowest[1]}, {ratio:.2f} of the most ({low:.2f} to {high:.2f})")
    gaps = groups["calibration_gap"]
    print(f"    calibration gaps from {gaps.min():+.3f} to {gaps.max():+.3f}")

# %% [markdown]
# ## Do the scores differ where the law does not want them to?
#
# The same question of the scores in force, by the attributes of the snapshot.

# %%
clients, scores = escore.load_records("cliente"), escore.load_scores()
print(scores.join(clients["sexo"]).groupby("sexo")["score"].describe()[["count", "mean", "50%"]].to_string())

# %% [markdown]
# ## Could a feature stand in for sex?
#
# How well one feature alone tells it: an AUC of 0.5 is not at all.

# %%
features = escore.load_features()
known = clients["sexo"].isin(["F", "M"])
is_woman = (clients["sexo"] == "F")[known]
told = {}
for name in features.select_dtypes("float64"):
    values = features[name].reindex(is_woman.index)
    if values.notna().sum() > 500:
        told[name] = roc_auc_score(is_woman[values.notna()], values.dropna())
strongest = sorted(told.items(), key=lambda item: -abs(item[1] - 0.5))[:5]
for name, auc in strongest:
    print(f"{name}: AUC {auc:.3f}")
