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
# # Start here: last night's features and scores
#
# A numbered notebook, kept as text (jupytext's percent format: open it in Jupyter with the jupytext extension, or run
# it as a script). It reads what the run in force left in the lake, with the very functions that the nightly run uses.
# Set `SCORE_VAR` (or the `SCORE_*` URLs) first; `make demo` leaves a finished night under `var/demo`.

# %%
import pandas as pd
import pyarrow as pa

from contracts.artifacts import ArtifactStore
from contracts.settings import load_settings
from features.catalog import FEATURES_BY_NAME
from models.points.apply import contributions
from models.registry import current_model

settings = load_settings()
lake = ArtifactStore(settings.lake_root)
model = current_model(lake)
execucao_id = lake.list("scores")[-1]  # UUIDv7: the last in order is the latest
print(f"model {model.version}, run {execucao_id}")

# %% [markdown]
# ## One range, as pandas
#
# A run is cut into CPF ranges, one artifact each. One is enough to look around, and memory stays small.

# %%
path = f"scores/{execucao_id}/{lake.list(f'scores/{execucao_id}')[0]}"
features_table: pa.Table = lake.read_table(path, "variaveis.parquet")
scores: pd.DataFrame = lake.read_table(path, "pontuacao.parquet").to_pandas()
frame: pd.DataFrame = features_table.to_pandas()
print(frame.shape, "consumers x columns;", f"{scores['score'].notna().mean():.1%} have a score")

# %% [markdown]
# Missing is missing, never zero: a consumer of whom no debt is known has no number of debts.

# %%
missing = frame.drop(columns=["cpf", "cliente_id", "sem_dados"]).isna().mean().sort_values(ascending=False)
print(missing.head(10).to_string(float_format="{:.1%}".format))

# %% [markdown]
# ## How scores move with a feature

# %%
joined = frame.assign(score=scores["score"].astype("Float64"), faixa=scores["faixa"])
feature = FEATURES_BY_NAME["consultas_90_dias_qtd"]
print(feature.description, f"({feature.unit})")
print(joined.groupby(feature.name)["score"].agg(["size", "mean"]).head(8).to_string(float_format="{:.0f}".format))

# %%
axes = joined["score"].astype(float).plot.hist(bins=50, figsize=(8, 3), title=f"Scores as of model {model.version}")
axes.set_xlabel("score (0-1000)")
axes.set_ylabel("consumers")

# %% [markdown]
# ## One score, term by term
#
# Base points and contributions add up to the score before it is clipped to the scale, exactly.

# %%
one = int(scores.index[scores["status"] == "OK"][0])
terms = contributions(model.points, features_table.slice(one, 1)).to_pandas().iloc[0].astype(int)
total = model.points.base_points + int(terms.sum())
print(terms[terms != 0].sort_values(key=abs, ascending=False).head(8).to_string())
print(f"base {model.points.base_points} + contributions {terms.sum():+d} = {total}")
assert total == scores["score_bruto"].iloc[one]
