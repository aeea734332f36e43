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
# # Read the scorecard in force
#
# The model is a table: terms, cells, integer points. Nothing else is in it. A score is the base and one cell's points
# of every term, cut to 0-1000.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import escore

escore.list_models()

# %%
model = escore.load_model()
points = escore.load_points(model)
print(f"{model.version}: base {model.points.base_points} points, {len(model.points.terms)} terms, {len(points)} cells")

# %% [markdown]
# ## How good it is
#
# Out of time: on later dates than it learned from, of consumers that it never saw. Each figure has its 95% interval;
# read the interval, not the digits.

# %%
escore.load_figures().loc["fora_do_tempo"]

# %% [markdown]
# ## What moves scores most
#
# A term's weight is the mean size of its points over the rows of the fit: how far it moves a typical score.

# %%
size = (points["points"].abs() * points["rows"]).groupby(level="code").sum()
weight = (size / points["rows"].groupby(level="code").sum()).astype("float64").sort_values(ascending=False)
names = points["features"].groupby(level="code").first()
_, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
axes.barh(names[weight.index[:10]][::-1], weight[:10][::-1])
_ = axes.set(title="The ten heaviest terms", xlabel="points (mean size)", ylabel="feature")
# %% [markdown]
# ## One term, cell by cell
#
# With the rows and the share of bad ones that the points come from. The points follow the bad rate, and never against
# what credit sense says: where a rate of few rows jumps about, the points do not.

# %%
heaviest = weight.index[0]
cells = points.loc[heaviest]
cells = cells[cells["rows"] > 0].assign(bad_rate=lambda of: (of["bads"] / of["rows"]).astype("float64"))
cells[["holds", "points", "rows", "bad_rate"]]

# %%
axes = escore.plot_term(model, heaviest)

# %% [markdown]
# ## A pair of features
#
# Some terms read two features at once: what one is worth depends on the other. Blue cells raise the score, red ones
# lower it; the darker, the more.

# %%
pairs = [term.code for term in model.points.terms if term.is_pair]
if pairs:
    axes = escore.plot_term(model, max(pairs, key=lambda code: weight[code]))
else:
    print("this model has no pair: on so few consumers none earned its place")

# %% [markdown]
# ## Why it is in force
#
# The gate's decision, check by check, as it was kept with the model (in Portuguese, as its readers get it).

# %%
print("takes over" if model.decision["assume"] else "refused")
pd.DataFrame(
    [("ok" if one["passou"] else "FAIL", one["texto"]) for one in model.decision["verificacoes"]], columns=["", "check"]
)

# %% [markdown]
# ## The description for the public
#
# Made from the model; the API serves it at `/modelo`, with a table of every term after these sections.

# %%
print(model.description.partition("## O que é olhado")[0])
