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
# # A scorecard on your own table
#
# `Scorecard` is a scikit-learn classifier. It takes a pandas table as it comes, and what it predicts with is a table
# of integer points that a person can read. Nothing else of the engine is needed here: no store, no run, no setting.

# %%
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import models
from contracts.canonical_json import canonical_json
from models import Scorecard
from models.fitting.columns import read_columns
from models.points.apply import raw_scores
from models.points.document import parse_points_table
from models.points.parquet import points_to_arrow
from models.points.sql import points_query

# %% [markdown]
# ## A table with everything wrong with it
#
# Your own table goes here; `y` is 1 for a bad outcome. This one is generated, so that the notebook runs anywhere:
# missing values, a sentinel (`-1` where the income was not asked), numbers written as texts (`"?"` for unknown),
# stray spaces, hundreds of rare cities, a constant column, an empty one, a date, and a column that the law forbids.

# %%
ROWS, SEED = 9_000, 7
rng = np.random.default_rng(SEED)
income = np.round(rng.lognormal(8, 0.6, ROWS), 2)
utilisation = np.round(rng.beta(1.2, 2.0, ROWS) * 1.2, 3)
late_payments = rng.poisson(0.7, ROWS)
months_employed = rng.integers(0, 240, ROWS)
years_open = rng.uniform(0, 20, ROWS)
employment = rng.choice(["formal", "informal", "self-employed", "retired"], ROWS, p=[0.5, 0.25, 0.15, 0.1])
log_odds = (
    -1.7
    - 0.7 * (np.log(income) - 8)
    + 2.2 * (utilisation - 0.4)
    + 0.45 * late_payments
    - 0.005 * months_employed
    - 0.03 * years_open
    + 2.5 * (utilisation - 0.4) * (employment == "informal")  # an interaction: the same debt, on an unsteady income
)
y = (rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))).astype(int)

city = np.char.add("city ", np.minimum(rng.zipf(1.4, ROWS), 999).astype(str))
draw = rng.random((ROWS, 3))
table = pd.DataFrame(
    {
        "income": np.where(draw[:, 0] < 0.08, np.nan, np.where(draw[:, 0] < 0.12, -1.0, income)),
        "utilisation": np.where(draw[:, 1] < 0.05, np.nan, utilisation),
        "late_payments": late_payments,
        "months_employed": np.where(draw[:, 2] < 0.03, "?", months_employed.astype(str)),
        "employment": np.where(rng.random(ROWS) < 0.1, np.char.add(employment, " "), employment),
        "city": city,
        "opened_on": (pd.Timestamp("2025-06-30") - pd.to_timedelta(years_open * 365.25, unit="D")).normalize(),
        "country": "BR",
        "old_code": np.full(ROWS, np.nan),
        "sex": rng.choice(["F", "M"], ROWS),
    }
)
print(f"{ROWS:,} rows, {y.mean():.1%} bad; {table['city'].nunique()} cities")
print(table.head(3).T.to_string())

# %% [markdown]
# ## What may not be in the table
#
# Name the columns that no model may read. The fit refuses a table that holds one: leaving it out is your decision, and
# is made where it can be seen.

# %%
try:
    Scorecard(forbidden=["sex", "race"]).fit(table, y)
except ValueError as refusal:
    print(f"{type(refusal).__name__}: {refusal}")
else:
    raise AssertionError("a forbidden column was accepted")
table = table.drop(columns="sex")

# %% [markdown]
# ## Fit, with default settings
#
# No imputing, no encoding, no binning by hand. Missing values have a cell of their own, so has a sentinel that is
# common enough, rare categories share "other", and a column without information gets no term.

# %%
X_fit, X_judge, y_fit, y_judge = train_test_split(table, y, test_size=0.4, stratify=y, random_state=SEED)
started = time.perf_counter()
card = Scorecard().fit(X_fit, y_fit)
print(f"{time.perf_counter() - started:.1f} s, {len(card.points_.terms)} terms:")
print(", ".join(term.code for term in card.points_.terms))

# %% [markdown]
# ## Beside its peers
#
# Gradient boosting and a logistic regression from scikit-learn, on the same rows. They want the table cleaned first.


# %%
def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table as the peers can take it: numbers and categories, of these the 100 commonest."""
    dates = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name])]
    frame = frame.assign(**{name: (frame[name] - pd.Timestamp("2000-01-01")).dt.days for name in dates})
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    for name in texts:
        numbers, trimmed = pd.to_numeric(frame[name], errors="coerce"), frame[name].str.strip()
        codes = trimmed.where(trimmed.isin(trimmed.value_counts().index[:100])).astype("category")
        frame = frame.assign(**{name: codes if numbers.isna().mean() > 0.5 else numbers})
    return frame.dropna(axis=1, how="all")


def logistic_regression():
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1_000))


def compare_peers(scorecard, tables, outcomes):
    """Return AUC (higher is better) and Brier score (lower is better) of each model on the judged rows."""
    (fit_rows, judged_rows), (fit_y, judged_y) = tables, outcomes
    both = clean(pd.concat([fit_rows, judged_rows]))
    p = {"Scorecard": scorecard.predict_proba(judged_rows)[:, 1]}
    peers = {
        "gradient boosting": HistGradientBoostingClassifier(random_state=0),
        "logistic regression": logistic_regression(),
    }
    for name, peer in peers.items():
        peer.fit(both[: len(fit_rows)], fit_y)
        p[name] = peer.predict_proba(both[len(fit_rows) :])[:, 1]
    figures = {name: [roc_auc_score(judged_y, one), brier_score_loss(judged_y, one)] for name, one in p.items()}
    return pd.DataFrame.from_dict(figures, orient="index", columns=["AUC", "Brier"])


compared = compare_peers(card, (X_fit, X_judge), (y_fit, y_judge))
print(compared.to_string(float_format="{:.4f}".format))

# %% [markdown]
# One split of a few thousand rows says little about small differences: `benchmarks/public_credit.py` compares on public
# data, over folds.
#
# ## Points
#
# `score_points` is the published scale: 0 to 1000, higher is safer, 600 at odds of 10 to 1, and 80 points double the
# odds. `base_points`, `base_odds` and `pdo` set another one.

# %%
scores = pd.Series(card.score_points(X_judge), index=X_judge.index, name="score")
_, axes = plt.subplots(figsize=(8, 3))
axes.hist([scores[y_judge == 0], scores[y_judge == 1]], bins=40, stacked=True, label=["good", "bad"])
axes.set(title="Scores by outcome", xlabel="score", ylabel="rows")
axes.legend()
print(pd.Series(y_judge, scores.index).groupby(pd.qcut(scores, 5)).agg(["size", "mean"]).to_string())

# %% [markdown]
# ## Every score is a sum
#
# One integer column a term, plus the base. The sum is the score before it is clipped, exactly: there is no residual.

# %%
parts = card.contributions(X_judge)
assert (parts.sum(axis=1).clip(0, 1000) == scores).all()
print(parts.iloc[0].loc[lambda points: points != 0].to_string())
print(f"sum {parts.iloc[0].sum()}, score {scores.iloc[0]}")

# %% [markdown]
# ## Reasons
#
# The strongest contributions of each row. Points below zero lowered the score against the average row.

# %%
print(card.reasons(X_judge, top=3).head().to_string())

# %% [markdown]
# What moves scores most, over all rows: the mean size of each term's contribution.

# %%
weights = parts.drop(columns="base").abs().mean().sort_values()
_, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.barh(weights.index[-12:], weights[-12:])
axes.set(title="Mean size of contributions", xlabel="points")

# %% [markdown]
# ## Directions
#
# Where credit sense says which way risk goes, say it: +1 if risk rises with the value, -1 if it falls. The whole model
# keeps the direction, for any two rows. A sentinel is no value of such a column: make it missing first.

# %%
directions = {"utilisation": +1, "late_payments": +1, "income": -1}
X_fit, X_judge = (frame.assign(income=frame["income"].where(frame["income"] != -1)) for frame in (X_fit, X_judge))
card = Scorecard(monotone=directions).fit(X_fit, y_fit)
print(f"AUC {roc_auc_score(y_judge, card.decision_function(X_judge)):.4f} with directions")

worse = X_judge.assign(utilisation=X_judge["utilisation"] + 0.2)
assert (card.decision_function(worse) >= card.decision_function(X_judge)).all()
moved = card.score_points(worse) - card.score_points(X_judge)
print(f"utilisation 0.2 higher: {moved.min():+d} to {moved.max():+d} points, never up")

# %% [markdown]
# ## Pairs
#
# A pair is a term on two features: what is not the sum of each one's effect. By default up to three a feature are
# looked for, `pairs=0` turns them off, and a list names them. A column with a direction is in no pair: a pair could go
# against it.

# %%
alone = Scorecard(monotone={"late_payments": +1, "income": -1}, pairs=0).fit(X_fit, y_fit)
paired = Scorecard(monotone={"late_payments": +1, "income": -1}, pairs=[("utilisation", "employment")])
paired.fit(X_fit, y_fit)
for name, one in (("without pairs", alone), ("one named pair", paired)):
    print(f"{name}: {len(one.points_.terms)} terms, AUC {roc_auc_score(y_judge, one.decision_function(X_judge)):.4f}")

# %% [markdown]
# ## The model is a table
#
# One row a cell: the term, the cell in words (in Portuguese, as consumers read them) and by its bounds or values, and
# its points. Filter it, join it, plot it, print it.

# %%
points = points_to_arrow(paired.points_).to_pandas()
shown = ["termo", "celula_1", "acima_de_1", "ate_1", "pontos"]
print(points.loc[points["termo"].isin(["late_payments", "employment"]), shown].to_string(index=False))


# %% [markdown]
# ## Shapes of terms
#
# What each value of a feature is worth. The last bar of each is the cell of missing values; a date is in days since
# 1970.


# %%
def plot_term(term: str, axes: plt.Axes) -> None:
    cells = points[points["termo"] == term]
    colours = np.where(cells["celula_1"] == "ausente", "tab:grey", "tab:blue")
    axes.bar(np.arange(len(cells)), cells["pontos"], color=colours)
    every = max(1, len(cells) // 8)
    axes.set_xticks(range(0, len(cells), every), cells["celula_1"][::every], rotation=35, ha="right", fontsize=7)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(title=term, ylabel="points")


figure, grid = plt.subplots(2, 3, figsize=(12, 6), layout="constrained")
drawn = ["income", "utilisation", "late_payments", "months_employed", "opened_on", "employment"]
for term, axes in zip(drawn, grid.flat, strict=True):
    plot_term(term, axes)

# %% [markdown]
# The pair, as a map: red cells cost points beyond what the two features cost alone.

# %%
pair = points[points["variavel_2"].notna()]
cells = pair.pivot_table(index="celula_1", columns="celula_2", values="pontos", sort=False)
_, axes = plt.subplots(figsize=(9, 3.5), layout="constrained")
reach = cells.abs().to_numpy().max()
image = axes.imshow(cells, cmap="RdYlGn", vmin=-reach, vmax=reach, aspect="auto")
axes.set_xticks(range(cells.shape[1]), cells.columns, rotation=35, ha="right", fontsize=7)
axes.set_yticks(range(cells.shape[0]), cells.index, fontsize=7)
axes.set(title=pair["termo"].iloc[0], ylabel=pair["variavel_1"].iloc[0], xlabel=pair["variavel_2"].iloc[0])
axes.figure.colorbar(image, label="points")

# %% [markdown]
# ## Do probabilities mean what they say?
#
# Ten groups of equal size by predicted probability: what was predicted, and what happened.

# %%
happened, predicted = calibration_curve(y_judge, card.predict_proba(X_judge)[:, 1], n_bins=10, strategy="quantile")
_, axes = plt.subplots(figsize=(4.5, 4.5))
axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
axes.plot(predicted, happened, "o-")
axes.set(title="Calibration", xlabel="predicted", ylabel="observed", xlim=(0, 0.8), ylim=(0, 0.8))
print(f"mean distance from the diagonal {np.abs(happened - predicted).mean():.3f}")

# %% [markdown]
# ## Keep it: JSON, no pickle
#
# The model's file is plain JSON with a hash. Loading it runs no code, and checks everything that it reads: bounds,
# cells, and the directions of the whole model.

# %%
file = canonical_json(card.points_.to_json())
loaded = parse_points_table(file)
assert loaded == card.points_
print(
    f"{len(file):,} bytes, sha256 {loaded.sha256[:16]}, {len(loaded.terms)} terms; reads {', '.join(loaded.features)}"
)

# %% [markdown]
# A loaded table scores any Arrow table that holds its features. `read_columns` makes one from pandas, each column of
# the type that the fit found (`kinds_`).

# %%
arrow = read_columns(X_judge, card.kinds_)
raw = raw_scores(loaded, arrow)
assert (np.clip(raw, 0, 1000) == card.score_points(X_judge)).all()
print(f"{len(raw):,} rows scored by the loaded table, all equal; unclipped scores {raw.min()} to {raw.max()}")

# %% [markdown]
# ## Score inside a database
#
# One `SELECT` for PostgreSQL or Oracle gives score, probability, band and reasons, equal to the last digit to what
# Python gives. It reads a table with `cpf`, `cliente_id` and `sem_dados` (true where nothing is known of a person)
# besides the features. Here is how it finds the points of one term.

# %%
query = points_query(loaded, "postgresql", source="my_schema.my_table")
place = loaded.features.index("late_payments")
lines = [line.strip().rstrip(",") for line in query.splitlines()]
print(f"{len(query):,} characters of SQL; of them:")
print(next(line for line in lines if line.endswith(f" AS x{place}")))
print(next(line for line in lines if line.startswith(f"CASE WHEN x{place} IS NULL")))

# %% [markdown]
# ## On public data
#
# UCI's German credit data, where a copy lies beside the repository: 1,000 loans, 20 columns, 30% bad.

# %%
german_file = Path(models.__file__).parents[2] / "shared" / "data" / "german" / "german.data"
if german_file.exists():
    german = pd.read_csv(german_file, sep=" ", header=None).rename(columns="a{}".format)
    german, outcome = german.drop(columns="a20"), (german["a20"] == 2).to_numpy(int)
    *parts_of_x, fit_y, judged_y = train_test_split(german, outcome, test_size=0.3, stratify=outcome, random_state=1)
    german_card = Scorecard().fit(parts_of_x[0], fit_y)
    print(compare_peers(german_card, parts_of_x, (fit_y, judged_y)).to_string(float_format="{:.4f}".format))
else:
    print("no copy of the German credit data here")
