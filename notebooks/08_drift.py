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
# # Are these still the consumers that the model was trained on?
#
# The run's own counts against the training's, cell by cell: stability of the score and of every feature (PSI), missing
# values, refused records, and the performance to expect before outcomes are known. A finding counts where it is both
# large and beyond chance. `escore monitor` does the same, writes a report and tells Prefect.

# %%
from datetime import date

import matplotlib.pyplot as plt

import escore

drift = escore.load_drift()
print(f"run of {drift.attrs['as_of']}, model {drift.attrs['model']}: {drift['level'].max()}")
print(drift["level"].value_counts(sort=False).to_string())
print(drift.head(12).to_string(index=False, float_format="{:.3f}".format))

# %%
axes = escore.plot_drift(drift)

# %% [markdown]
# ## What to expect of the model on these consumers
#
# The AUC and the bad rate that follow from the scores alone, if the probabilities are right.

# %%
expected = drift[drift["measure"].str.startswith(("auc_", "taxa_"))]
print(expected[["measure", "reference", "actual", "level"]].to_string(index=False, float_format="{:.4f}".format))

# %% [markdown]
# ## Look closer at the feature that moved most
#
# Against an earlier date, from the same snapshot.

# %%
moved = drift.loc[drift["measure"] == "estabilidade_da_variavel", "subject"].iloc[0]
now, then = escore.load_features(columns=[moved]), escore.load_features(date(2024, 6, 30), columns=[moved])
print(f"{moved}, then and now:")
told = {"then": then[moved].describe(), "now": now[moved].describe()}
for side, figures in told.items():
    print(side, figures.to_string(float_format="{:.2f}".format).replace("\n", "; "))
_, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
escore.plot_feature(then, moved, axes=left)
axes = escore.plot_feature(now, moved, axes=right)
