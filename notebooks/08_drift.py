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
# # Are these still the consumers that the model was trained on?
#
# The run's own counts against the training's, cell by cell: stability of the score and of every feature (PSI), missing
# values, refused records, and the performance to expect before outcomes are known. A finding counts where it is both
# large and beyond chance. `escore monitor` does the same, writes a report and tells Prefect
# ([monitor a model](../docs/how-to/monitor-a-model.md)).

# %%
import matplotlib.pyplot as plt

import escore

drift = escore.load_drift()
print(f"run of {drift.attrs['as_of']}, model {drift.attrs['model']}: {drift['level'].max()}")
drift["level"].value_counts(sort=False)

# %% [markdown]
# Not all is `ok`, and here one can say why. How long ago the last credit came depends on the day of the month that the
# date falls on (below); what counts over a lifetime grows with the history that is known. Look for such causes before
# blaming the consumers, or the model.

# %%
drift.head(8)

# %%
axes = escore.plot_drift(drift)

# %% [markdown]
# ## What to expect of the model on these consumers
#
# The AUC and the bad rate that follow from the scores alone, if the probabilities are right: an early warning, for the
# true ones are known a year later.

# %%
expected = drift[drift["measure"].str.startswith(("auc_", "taxa_"))]
expected[["measure", "subject", "reference", "actual", "level"]].reset_index(drop=True)

# %% [markdown]
# ## Look closer at the feature that moved most
#
# Against an earlier date, from the same snapshot: compare the shapes, not the counts.

# %%
moved = drift.loc[drift["measure"] == "estabilidade_da_variavel", "subject"].iloc[0]
now, then = escore.load_features(columns=[moved]), escore.load_features("2024-06-30", columns=[moved])
now[moved].describe().to_frame(now.attrs["as_of"]).join(then[moved].describe().rename(then.attrs["as_of"]))

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
escore.plot_feature(then, moved, axes=left).set_title(f"{moved}, {then.attrs['as_of']}", loc="left")
_ = escore.plot_feature(now, moved, axes=right).set_title(f"{moved}, {now.attrs['as_of']}", loc="left")
