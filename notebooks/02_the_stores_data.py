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
# # The records of the three stores
#
# As the night read them: checked, with what was refused counted by the rule that it broke. Base A (Oracle) holds
# consumers and debts, Base B (PostgreSQL) sources of income and assets, Base C (MongoDB) consultations, movements and
# purchases. Money is in whole cents, instants are UTC.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import escore

tables = escore.list_tables()
frames = {name: escore.load_records(name) for name in tables.index}
tables["records"] = {name: len(frame) for name, frame in frames.items()}
print(tables[["store", "records", "known_at", "description"]].to_string())

# %% [markdown]
# ## One table's columns

# %%
print(escore.list_columns("divida").to_string())
debts = frames["divida"]
print(debts.dtypes.to_string())

# %% [markdown]
# ## Debts: how large, and how they end

# %%
reais = debts["valor_centavos"].astype("float64") / 100
print(reais.describe(percentiles=[0.05, 0.5, 0.95]).to_string(float_format="R$ {:,.2f}".format))
paid = debts["baixada_em"].notna()
print(f"{paid.mean():.1%} are paid or were settled")
_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
reais.clip(upper=reais.quantile(0.99)).plot.hist(bins=60, ax=axes)
axes.set(title="Size of a debt", xlabel=r"R\$", ylabel="debts")

# %% [markdown]
# ## Income by consumer
#
# Each frame is indexed by `cliente_id`, so that they join by themselves.

# %%
income = frames["fonte_de_renda"]
sources = income.groupby(level=0).size().rename("sources of income")
print(sources.value_counts().sort_index().to_string())

# %% [markdown]
# ## Events by month
#
# Base C's collections, by the month (UTC) of each event.

# %%
months = {}
for name in tables.index[tables["store"] == "C"]:
    when = frames[name][tables.loc[name, "known_at"]]
    months[name] = when.dt.tz_localize(None).dt.to_period("M").value_counts().sort_index()
by_month = pd.DataFrame(months).tail(13)
print(by_month.to_string())
axes = by_month.plot(figsize=(8, 3), title="Events by month", ylabel="events", xlabel="month")

# %% [markdown]
# ## What was refused
#
# A bad record stops nothing: it goes to `rejeitado` with the rule it broke (docs/reference/rules.md lists them all).

# %%
rejects = escore.load_rejects()
print(rejects.to_string(index=False))
