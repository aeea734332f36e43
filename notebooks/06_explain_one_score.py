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
# # Explain one person's score
#
# Every point of it. This is one person's own data, for whoever is entitled to it: each call is entered in `auditoria`
# with its purpose, and this notebook prints no CPF and no id.

# %%
import numpy as np
import pandas as pd

import escore

scores = escore.load_scores()
person = scores["score"].idxmin()  # the lowest; any `cliente_id` will do
found = escore.explain(person, purpose="revisao")
print(found)

# %% [markdown]
# ## Base and terms add up to the score, exactly
#
# Before it is cut to 0-1000.

# %%
base, raw = found.replay.result.base_points, found.replay.result.raw_score
print(found.terms.head(10).to_string())
print(f"base {base} + terms {found.terms['points'].sum():+d} = {raw}")
assert base + found.terms["points"].sum() == raw
axes = found.plot()

# %% [markdown]
# ## The reasons that were published
#
# The four strongest terms, in the words that the consumer reads.

# %%
for code, reason in found.reasons.iterrows():
    print(f"{reason['points']:+4d} {code}: {reason['text']}")

# %% [markdown]
# ## The records behind them

# %%
for family, records in found.records.items():
    print(f"\n{family}: {len(records)} records; the latest:")
    print(records.drop(columns="id", errors="ignore").tail(3).to_string(index=False))

# %% [markdown]
# ## If one feature were different
#
# The same consumer with other values of one feature, all else the same: what the model would say, not a promise, for in
# life features move together.

# %%
model = escore.load_model()
row = escore.load_features().loc[[person]]
axis = next(
    axis
    for code in found.terms.index[found.terms["points"] < 0]
    for term in model.points.terms
    if term.code == code
    for axis in term.axes
    if axis.edges
)
tried = [*axis.edges, axis.edges[-1] + 1, np.nan]
changed = pd.concat([row] * len(tried), ignore_index=True).assign(**{axis.feature: tried})
moved = escore.score_features(model, changed)["score"].to_numpy()
print(f"{axis.feature}: now {row[axis.feature].iloc[0]:g}, score {found.score}")
for value, score in list(zip(tried, moved, strict=True))[:: max(1, len(tried) // 8)]:
    print(f"  {'missing' if np.isnan(value) else f'{value:g}':>10} -> {score}")
