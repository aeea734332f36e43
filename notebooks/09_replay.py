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
# # Replay a published score
#
# A consumer may ask for a review of an automated decision (LGPD, art. 20). The score is recomputed from the snapshot,
# the model and the date of the run, and compared, bit by bit, with what PostgreSQL and Redis hold. `escore replay` is
# the same as a command ([replay a score](../docs/how-to/replay-a-score.md)).

# %%
import pandas as pd

import escore

scores = escore.load_scores()
sample = scores[scores["status"] == "OK"].sample(5, random_state=1).index
replays = [escore.explain(person, purpose="revisao") for person in sample]
assert all(found.is_as_published for found in replays)
pd.DataFrame(
    [(found.masked_cpf, found.score, found.is_as_published) for found in replays],
    columns=["CPF", "score", "as published"],
)

# %% [markdown]
# `True` everywhere. Anything else would mean that a store, a file of the lake or the model was altered since; the next
# table says where it was looked.

# %%
replays[0].comparisons

# %% [markdown]
# ## A whole run at once
#
# All stored features, scored again with the run's model, give all stored scores.

# %%
again = escore.score_features(escore.load_model(scores.attrs["model"]), escore.load_features())
same = (again["score"].fillna(-1) == scores["score"].fillna(-1)) & (
    again["probabilidade"].fillna(-1) == scores["probabilidade"].fillna(-1)
)
print(f"{same.sum():,} of {len(same):,} equal")
assert same.all()

# %% [markdown]
# ## And what was published is what was counted
#
# The ledger keeps each run's counts and a digest over all that was published: the same state gives the same digest.

# %%
escore.list_runs().loc[scores.attrs["run"], ["extraidos", "pontuados", "insuficientes", "rejeitados", "impressao"]]
