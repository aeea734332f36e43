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
# # Read the scorecard in force
#
# The model is a table: terms, cells, integer points. Nothing else is in it.

# %%
import matplotlib.pyplot as plt

import escore

models = escore.list_models()
print(models.to_string())
model = escore.load_model()
print(f"{model.version}: base {model.points.base_points} points, {len(model.points.terms)} terms")

# %% [markdown]
# ## How good it is
#
# Out of time: on later dates than it learned from, of consumers that it never saw. Each figure has its 95% interval.

# %%
figures = escore.load_figures()
print(figures.loc["fora_do_tempo"].to_string(float_format="{:.4f}".format))

# %% [markdown]
# ## What moves scores most
#
# A term's weight: the mean size of its points over the rows of the fit.

# %%
points = escore.load_points(model)
size = (points["points"].abs() * points["rows"]).groupby(level="code").sum()
weight = (size / points["rows"].groupby(level="code").sum()).astype("float64").sort_values(ascending=False)
names = points["features"].groupby(level="code").first()
for code, value in weight.head(10).items():
    print(f"{code:14} {value:6.1f} points  {names[code]}")
_, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
axes.barh(names[weight.index[:10]][::-1], weight[:10][::-1])
axes.set(title="The ten heaviest terms", xlabel="points (mean size)")

# %% [markdown]
# ## One term, cell by cell
#
# With the rows and the share of bad ones that the points come from.

# %%
heaviest = weight.index[0]
cells = points.loc[heaviest]
cells = cells[cells["rows"] > 0].assign(bad_rate=lambda of: (of["bads"] / of["rows"]).astype("float64"))
print(cells[["holds", "points", "rows", "bad_rate"]].to_string(index=False, float_format="{:.3f}".format))
axes = escore.plot_term(model, heaviest)

# %% [markdown]
# ## Why it is in force
#
# The gate's decision, check by check, as it was kept with the model (in Portuguese, as its readers get it).

# %%
print("takes over" if model.decision["assume"] else "refused")
for check in model.decision["verificacoes"]:
    print("ok  " if check["passou"] else "FAIL", check["texto"])

# %% [markdown]
# ## The description for the public

# %%
print(model.description)
