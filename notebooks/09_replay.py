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
# # Replay a published score
#
# A consumer may ask for a review of an automated decision (LGPD, art. 20). The score is recomputed from the snapshot,
# the model and the date of the run, and compared, bit by bit, with what PostgreSQL and Redis hold.

# %%
from datetime import date

import escore

scores = escore.load_scores()
sample = scores[scores["status"] == "OK"].sample(5, random_state=1).index
for place, person in enumerate(sample, 1):
    found = escore.explain(person, purpose="revisao")
    print(f"{place}: score {found.score}, {'as published' if found.is_as_published else 'NOT AS PUBLISHED'}")
    assert found.is_as_published

# %% [markdown]
# ## Where it was compared

# %%
for one in found.replay.comparisons:
    print(f"{one.store}: {'equal' if one.differences == () else one.note or ', '.join(one.differences)}")

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
# And the features themselves, computed anew from the records of the snapshot, are those that were stored: the date is
# the only thing that changes what a record counts for.

# %%
as_of = date.fromisoformat(scores.attrs["as_of"])
print(f"features as of {as_of}: {escore.load_features(as_of).shape}")
read = escore.list_runs().loc[scores.attrs["run"]]
print(f"digest of what was published: {read['impressao']}")
for name in ("extraidos", "pontuados", "insuficientes", "rejeitados"):
    print(f"{name}: {read[name]:,}")
