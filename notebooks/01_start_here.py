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
# # Start here
#
# These notebooks look at what a finished night left: who was scored, from what, by which model, and whether one may
# trust it. They read through `import escore`, which gives pandas frames and plots; nothing here writes to a store.
#
# They need a night. The README's step by step leaves one (`escore up` to `escore run`); `make notebooks` then opens
# them in Jupyter Lab. They are text files in jupytext's percent format: readable as they are, and any of them runs as a
# program too (`python notebooks/01_start_here.py`). The consumers are generated; nobody real is in them.
#
# | | what you will see |
# |---|---|
# | [02](02_the_stores_data.py) | the records of the three stores, and what was refused |
# | [03](03_features.py) | features, their definitions, and what "as of a date" does to them |
# | [04](04_train_and_compare.py) | a model trained in three lines, judged on a later date beside others |
# | [05](05_read_a_scorecard.py) | the scorecard in force, term by term |
# | [06](06_explain_one_score.py) | every point of one person's score |
# | [07](07_fairness.py) | what the model does to each group |
# | [08](08_drift.py) | whether these are still the people it was trained on |
# | [09](09_replay.py) | a published score computed again, bit by bit |
# | [10](10_a_scorecard_on_your_own_table.py) | the scorecard on your own table, without stores |

# %%
import escore

runs = escore.list_runs()
runs[["data_referencia", "modelo_versao", "situacao", "extraidos", "pontuados", "insuficientes", "rejeitados"]]

# %% [markdown]
# One run is `publicada`: it is in force, and what you load is of it unless you name another
# (`run="2025-12-31"`, or an id from this table). Consumers add up: extracted = scored + insufficient + rejected.
#
# ## Scores
#
# One row a consumer, 0 to 1000, higher is safer. The index is `cliente_id`; no frame holds a CPF unless it is asked for
# (here even the id is left out of what is shown).

# %%
scores = escore.load_scores()
scores[["score", "probabilidade", "faixa", "status", "motivos"]].reset_index(drop=True).head(4)

# %% [markdown]
# The frame tells where it comes from and in which units:

# %%
scores.attrs

# %%
axes = escore.plot_scores(scores)

# %% [markdown]
# Most consumers lie in the upper bands, with a tail of the risky on the left: most people pay. Those without a score
# are the ones of whom nothing that counts is known; the engine says so and does not guess.
#
# ## Features
#
# What scores are made from. Missing is missing, never zero: a consumer of whom no debt is known has no number of debts.

# %%
features = escore.load_features()
missing = features.drop(columns="sem_dados").isna().mean().sort_values(ascending=False)
missing.rename("share missing").head(6)

# %%
axes = escore.plot_feature(features, "consultas_90_dias_qtd", scores["score"])

# %% [markdown]
# Bars count consumers, the line is their mean score: who was looked up often of late scores lower. The last group is of
# those whom nobody looked up at all.
#
# ## More than fits in memory
#
# A country does not fit in a frame. `share=0.01` takes one consumer in a hundred, the same ones in every frame, so that
# frames still join. `iter_features()` and its like yield one frame a CPF range, and memory stays that of a range.

# %%
some = escore.load_features(columns=["idade_anos", "renda_mensal_valor"], share=0.1)
total = rows = 0
for part in escore.iter_scores():
    total += int(part["score"].sum())
    rows += int(part["score"].notna().sum())
print(f"{len(some):,} of {len(features):,} consumers are in a tenth")
print(f"mean score, range by range: {total / rows:.1f}; at once: {scores['score'].mean():.1f}")
assert abs(total / rows - scores["score"].mean()) < 1e-6
