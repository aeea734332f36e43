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
# # Features and their definitions
#
# Each feature is declared once, in SQL that a person can read, and computed as of a date: only what was known by the
# end of that day in São Paulo counts. [The dictionary](../docs/reference/features.md) is made from the same
# declarations.

# %%
from datetime import date

import numpy as np
import pandas as pd

import escore

dictionary = escore.list_features()
dictionary.groupby("family").agg(features=("code", "size"), first=("code", "min"), last=("code", "max"))

# %% [markdown]
# ## One definition
#
# The formula is the one that runs; `direction` is what credit sense says, and the scorecard is held to it.

# %%
name = "dividas_pagas_em_dia_proporcao"
dictionary.loc[name]

# %%
features, scores = escore.load_features(), escore.load_scores()
axes = escore.plot_feature(features, name, scores["score"])

# %% [markdown]
# The line rises: who paid on time scores higher. A feature whose line goes against its `direction` would be a fault,
# and the last group (`missing`) is a group of its own, with points of its own, not an average.
#
# ## As of an earlier date
#
# The run's snapshot holds all that was known by its date, hence also what was known by any date before. Ask for an
# earlier day, and a debt that was paid since is unpaid again; a consumer registered since is not there.

# %%
then = escore.load_features("2024-06-30")
print(f"{len(then):,} consumers were known on {then.attrs['as_of']}, {len(features):,} on {features.attrs['as_of']}")
both = pd.DataFrame({"then": then["dividas_abertas_qtd"], "now": features["dividas_abertas_qtd"]}).dropna()
print(f"{(both['then'] != both['now']).mean():.1%} have another number of open debts now")

# %% [markdown]
# This is what keeps training honest: a model that learns from features as of a day cannot see what came after it.
# Nobody can be seen before they were known at all:

# %%
registered = escore.load_records("cliente")["registrado_em"]
end_of_day = pd.Timestamp(date(2024, 7, 1), tz="America/Sao_Paulo")
assert set(then.index) == set(registered.index[registered < end_of_day])
print("exactly the consumers who were registered by the end of that day")

# %% [markdown]
# ## What goes together
#
# The pairs of features that say nearly the same (rank correlation near 1 or -1). A scorecard shares the points between
# such twins; knowing them keeps one from reading too much into either.

# %%
numbers = features.select_dtypes("float64")
correlation = numbers.rank().corr(min_periods=200).where(np.triu(np.ones((numbers.shape[1],) * 2, dtype=bool), 1))
correlation.stack().sort_values(key=abs, ascending=False).rename("rank correlation").head(8)
