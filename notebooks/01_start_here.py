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
# # Start here
#
# Numbered notebooks, kept as text: open them in Jupyter with the jupytext extension, or run them as scripts. They read
# what a finished night left. `make demo` leaves one; then `export SCORE_VAR=var/demo` (or set the `SCORE_*` URLs).
#
# | | |
# |---|---|
# | 02 | the records of the three stores, as the night read them |
# | 03 | features and their definitions, as of any date |
# | 04 | train a model and compare it with others |
# | 05 | read the scorecard that is in force |
# | 06 | explain one person's score |
# | 07 | fairness, measured and never used |
# | 08 | drift: are these still the people it was trained on? |
# | 09 | replay a published score from the records of its day |
# | 10 | a scorecard on your own table, without stores |

# %%
import escore

runs = escore.list_runs()
print(runs[["data_referencia", "modelo_versao", "situacao", "pontuados"]].to_string())

# %% [markdown]
# ## Scores
#
# Of the run in force, one row a consumer. No frame holds a CPF unless it is asked for.

# %%
scores = escore.load_scores()
print(f"{len(scores):,} consumers as of {scores.attrs['as_of']}, by model {scores.attrs['model']}")
print(scores["faixa"].value_counts(sort=False).to_string())
print(scores["status"].value_counts().to_string())
axes = escore.plot_scores(scores)

# %% [markdown]
# ## Features
#
# What the scores were made from. Missing is missing, never zero: a consumer of whom no debt is known has no number of
# debts.

# %%
features = escore.load_features()
print(features.shape, "consumers x columns")
missing = features.drop(columns="sem_dados").isna().mean().sort_values(ascending=False)
print(missing.head(8).to_string(float_format="{:.1%}".format))
axes = escore.plot_feature(features, "consultas_90_dias_qtd", scores["score"])

# %% [markdown]
# ## More than fits in memory
#
# A country does not fit in a frame. `share=0.01` takes one consumer in a hundred, the same ones in every frame; `iter_`
# functions yield one frame a CPF range, so that memory stays that of a range.

# %%
some = escore.load_features(columns=["idade_anos", "renda_mensal_valor"], share=0.1)
print(f"{len(some):,} consumers in a tenth")
total = rows = 0
for part in escore.iter_scores():
    total += int(part["score"].sum())
    rows += int(part["score"].notna().sum())
print(f"mean score, range by range: {total / rows:.1f}; at once: {scores['score'].mean():.1f}")
assert abs(total / rows - scores["score"].mean()) < 1e-6
