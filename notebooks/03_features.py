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
# # Features and their definitions
#
# Each feature is declared once, in SQL that a person can read, and computed as of a date: only what was known by the
# end of that day in São Paulo counts (docs/reference/features.md is the dictionary).

# %%
from datetime import date

import numpy as np
import pandas as pd

import escore

dictionary = escore.list_features()
print(dictionary.groupby("family").size().to_string())
print(dictionary[["code", "unit", "direction"]].head(12).to_string())

# %% [markdown]
# ## One definition
#
# The formula is the one that runs.

# %%
name = "dividas_pagas_em_dia_proporcao"
for key, value in dictionary.loc[name].items():
    print(f"{key:12} {value}")

# %%
features, scores = escore.load_features(), escore.load_scores()
axes = escore.plot_feature(features, name, scores["score"])

# %% [markdown]
# ## As of an earlier date
#
# The run's snapshot holds all that was known by its date, hence also what was known by any date before. A debt that
# was paid since is unpaid again; a consumer registered since is not there.

# %%
earlier = date(2024, 6, 30)
then = escore.load_features(earlier)
print(f"{len(then):,} consumers were known on {earlier}, {len(features):,} on {features.attrs['as_of']}")
both = pd.DataFrame({"then": then["dividas_abertas_qtd"], "now": features["dividas_abertas_qtd"]}).dropna()
print(f"{(both['then'] != both['now']).mean():.1%} have another number of open debts now")

# %% [markdown]
# ## What goes together
#
# The pairs of features that say nearly the same (rank correlation).

# %%
numbers = features.select_dtypes("float64")
correlation = numbers.rank().corr(min_periods=200).where(np.triu(np.ones((numbers.shape[1],) * 2, dtype=bool), 1))
print(correlation.stack().sort_values(key=abs, ascending=False).head(8).to_string(float_format="{:.3f}".format))
