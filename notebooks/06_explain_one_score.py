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
# # Explain one person's score
#
# Every point of it. This is one person's own data, for whoever is entitled to it: each call is entered in `auditoria`
# with its purpose. This notebook shows a masked CPF and no id; the person is generated.

# %%
import numpy as np
import pandas as pd

import escore

scores = escore.load_scores()
person = (scores["score"] - 480).abs().idxmin()  # just below the band `bom`; any `cliente_id` will do
found = escore.explain(person, purpose="revisao")
print(found.masked_cpf, found)

# %% [markdown]
# ## Base and terms add up to the score, exactly
#
# The first bar is the base that everybody starts from; each further bar is a term, the strongest first. Where they end
# is the sum, before it is cut to 0-1000.

# %%
axes = found.plot()

# %%
base, raw = found.replay.result.base_points, found.replay.result.raw_score
print(f"base {base} + terms {found.terms['points'].sum():+d} = {raw}")
assert base + found.terms["points"].sum() == raw
found.terms.head(8)

# %% [markdown]
# ## The reasons that were published
#
# The four strongest terms, in the words that the consumer reads. They are summands of the score, not an approximation
# of it: their points are bars of the plot above.

# %%
found.reasons[["points", "direction", "text"]]

# %% [markdown]
# ## The records behind them
#
# Which records counted, by family: what to look at when the consumer says that something is wrong.

# %%
pd.Series({family: len(records) for family, records in found.records.items()}, name="records")

# %%
family, records = max(found.records.items(), key=lambda item: len(item[1]))
print(f"{family}: the latest three")
records.drop(columns="id", errors="ignore").tail(3)

# %% [markdown]
# ## If one feature were different
#
# The same consumer with other values of one feature, all else the same: what the model would say, not a promise, for in
# life features move together. The score steps: it is the same everywhere within a cell.

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
moved = escore.score_features(model, changed)["score"]
print(f"{axis.feature}: now {row[axis.feature].iloc[0]:g}, score {found.score}")
pd.DataFrame({axis.feature: tried, "score": moved.to_numpy()}).iloc[:: max(1, len(tried) // 8)].reset_index(drop=True)
