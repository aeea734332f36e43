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
# # The records of the three stores
#
# As the night read them: checked, with what was refused counted by the rule that it broke. Base A (Oracle) holds
# consumers and debts, Base B (PostgreSQL) sources of income and assets, Base C (MongoDB) consultations, movements and
# purchases. They are read from the night's snapshot in the lake, not from the stores.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import escore

tables = escore.list_tables()
frames = {name: escore.load_records(name) for name in tables.index}
tables["records"] = {name: len(frame) for name, frame in frames.items()}
tables[["store", "records", "known_at", "description"]]

# %% [markdown]
# `known_at` is the column that decides whether a row counts as of a date: the instant since when it was known.
#
# ## One table's columns
#
# Money is in whole cents (`Int64`), so that sums are exact; dates are days, instants are UTC.

# %%
debts = frames["divida"]
escore.list_columns("divida").join(debts.dtypes.astype(str).rename("dtype"))

# %% [markdown]
# ## Debts: how large, and how they end
#
# Few debts are large: the mean lies far above the median, as money does. Most are paid in the end.

# %%
reais = debts["valor_centavos"].astype("float64") / 100
print(f"median R$ {reais.median():,.2f}, mean R$ {reais.mean():,.2f}, largest R$ {reais.max():,.2f}")
print(f"{debts['baixada_em'].notna().mean():.1%} are paid or were settled")
_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.hist(reais.clip(upper=reais.quantile(0.99)), bins=60)
_ = axes.set(title="Size of a debt (the largest hundredth as one bar)", xlabel=r"R\$", ylabel="debts")
# %% [markdown]
# ## Each frame is indexed by consumer
#
# So they join by themselves. Few consumers have many sources, and the medians of so few say little.

# %%
sources = frames["fonte_de_renda"].groupby(level=0).size().rename("sources")
monthly = escore.load_features(columns=["renda_mensal_valor"])["renda_mensal_valor"]
by_sources = pd.DataFrame({"sources": sources, "income": monthly}).groupby("sources")["income"]
by_sources.agg(consumers="size", median_monthly_income="median")

# %% [markdown]
# ## Events by month
#
# Base C keeps what happened: who consulted a consumer, movements of the account, purchases by card. Only the last 365
# days count for a score. A collection that stops growing shows here first.

# %%
months = {}
for name in tables.index[tables["store"] == "C"]:
    when = frames[name][tables.loc[name, "known_at"]]
    months[name] = when.dt.tz_localize(None).dt.to_period("M").value_counts().sort_index()
by_month = pd.DataFrame(months).iloc[-13:-1]
_, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
by_month.plot(ax=axes, style=["o-", "s-", "^-"])
_ = axes.set(title="Events by month", xlabel="month (UTC)", ylabel="events", ylim=(0, None))
# %% [markdown]
# ## What was refused
#
# A bad record stops nothing: it goes to `rejeitado` under the rule that it broke
# ([all rules](../docs/reference/rules.md)). The generated population has defects planted in it, hence so many kinds.
# Too many of one table would stop the run before anything is published.

# %%
escore.load_rejects().head(12)
