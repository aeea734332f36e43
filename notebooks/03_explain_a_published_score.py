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
# # Explain a published score
#
# From the model in force down to the records behind one consumer's score, with the functions that the engine itself
# uses. It needs a finished night: set `SCORE_VAR` (or the `SCORE_*` URLs) first; `make demo` leaves one under
# `var/demo`.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa

from contracts.settings import load_settings
from features.catalog import FEATURES_BY_NAME
from flows.model_details import gather_details
from flows.monitor import run_distribution
from flows.replay import replay_score
from flows.resources import open_lake, open_results
from flows.run_plan import RunIdentity
from models.monitoring.drift import find_drift
from models.monitoring.reference_distribution import DISTRIBUTION_FILE, ReferenceDistribution
from models.points.apply import raw_scores
from models.points.cell_labels import cell_labels
from models.registry import model_path
from stores.ledger import run_in_force

settings = load_settings()
lake = open_lake(settings)
with open_results(settings) as results:
    run = run_in_force(results.engine)
details = gather_details(lake, run.modelo_versao)
model, evidence = details.model, details.evidence
print(f"run of {run.data_referencia}: {run.pontuados:,} scores, by model {model.version}")
print(f"{len(model.points.terms)} terms, of which {sum(term.is_pair for term in model.points.terms)} are pairs")

# %% [markdown]
# ## How good the model is
#
# Figures out of time: on later dates than it learned from, of consumers that it never saw (strict), and of everybody.
# Each has its 95% interval, from a bootstrap by consumer.

# %%
figures = {"strict": evidence.out_of_time, "everybody": evidence.out_of_time_all}
names = ("auc", "gini", "ks", "brier", "ece_debiased", "calibration_slope", "bad_rate")
shown = {who: {name: str(getattr(of, name)) for name in names} for who, of in figures.items() if of is not None}
print(pd.DataFrame(shown).to_string())

# %% [markdown]
# Does it hold from month to month?

# %%
months = [month for month in evidence.out_of_time.months if month.gini is not None]
gini = np.array([[month.gini.estimate, month.gini.low, month.gini.high] for month in months]).reshape(-1, 3)
_, axes = plt.subplots(figsize=(6, 3))
arms = np.abs(gini[:, 1:] - gini[:, :1]).T
axes.errorbar([month.as_of for month in months], gini[:, 0], yerr=arms, fmt="o", capsize=3)
axes.set(title="Gini by reference date, out of time", ylabel="Gini")

# %% [markdown]
# ## The price of transparency
#
# The same rows, judged by models that nobody can read: the difference is the model's AUC less theirs.

# %%
for one in evidence.challengers:
    print(f"{one.name}: AUC {one.auc}; difference {one.auc_difference}")

# %% [markdown]
# ## Why it is in force
#
# The gate's decision, check by check, as it was kept with the model (in Portuguese, as its readers get it).

# %%
print("takes over" if model.decision["assume"] else "refused")
for check in model.decision["verificacoes"]:
    print("ok  " if check["passou"] else "FAIL", check["texto"])
for event in details.events:
    print(f"{event.when:%Y-%m-%d} {event.kind}: {event.why}")

# %% [markdown]
# ## What moves scores most
#
# Each term's weight: the mean size of its points over the rows of the fit.

# %%
weights = pd.Series({f"{term.code} {' x '.join(term.features)}": term.mean_size for term in details.terms})
print(weights.to_string(float_format="{:.1f}".format))
_, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
axes.barh(weights.index[::-1], weights[::-1])
axes.set(title="The ten heaviest terms", xlabel="points")

# %% [markdown]
# The heaviest term of one feature, cell by cell: points, and the rows and the bad rate that they come from.

# %%
terms = {term.code: term for term in model.points.terms}
counts = {one.code: one for one in evidence.terms}
heaviest = next(terms[one.code] for one in details.terms if len(one.features) == 1)
feature = FEATURES_BY_NAME[heaviest.features[0]]
shape = pd.DataFrame(
    {"rows": counts[heaviest.code].rows, "bads": counts[heaviest.code].bads, "points": heaviest.points},
    index=cell_labels(heaviest.axes[0]),
)
shape = shape[shape["rows"] > 0].assign(bad_rate=lambda cells: cells["bads"] / cells["rows"])
print(f"{feature.description} ({feature.unit})")
print(shape.to_string(float_format="{:.3f}".format))
_, (above, below) = plt.subplots(2, 1, figsize=(8, 4.5), sharex=True, height_ratios=[2, 1], layout="constrained")
above.bar(np.arange(len(shape)), shape["points"], color=np.where(shape["points"] < 0, "tab:red", "tab:green"))
above.set(title=heaviest.features[0], ylabel="points")
below.bar(np.arange(len(shape)), shape["rows"], color="tab:grey")
below.set_xticks(range(len(shape)), shape.index, rotation=35, ha="right", fontsize=7)
below.set_ylabel("rows")

# %% [markdown]
# ## One consumer
#
# The lowest score of the first range. Its replay is the person's own data, for whoever is entitled to it: the read is
# entered in `auditoria`, and this notebook prints no CPF and no id.

# %%
identity = RunIdentity(run.id, run.data_referencia, run.modelo_versao)
path = identity.scores_path(0)
scores = lake.read_table(path, "pontuacao.parquet").to_pandas()
row = int(scores["score"].idxmin())
replay = replay_score(settings, run.id, scores.loc[row, "cliente_id"])
result = replay.result
print(f"score {result.score.score} ({result.score.band}), probability of default {result.score.probability:.2%}")

# %% [markdown]
# Recomputed from the snapshot, the model and the date of the run, it is bit for bit what was published:

# %%
for one in replay.comparisons:
    print(f"{one.store}: {'equal' if one.differences == () else one.note or ', '.join(one.differences)}")
assert not replay.differing

# %% [markdown]
# ## Every point of it
#
# Base points and one number a term: what they add up to is the score, before it is clipped to 0-1000.

# %%
earned = pd.Series({term.code: term.points for term in result.terms})
assert result.base_points + earned.sum() == result.raw_score
strongest = sorted((term for term in result.terms if term.points), key=lambda term: -abs(term.points))[:12]
for term in strongest[:8]:
    print(f"{term.points:+5d}  {term.code:6}", "; ".join(f"{name}: {term.cells[name]}" for name in term.values))
print(f"base {result.base_points} + terms {earned.sum():+d} = {result.raw_score}")

rest = earned.sum() - sum(term.points for term in strongest)
steps = [("base", result.base_points), *((term.code, term.points) for term in strongest), ("other terms", rest)]
sizes = np.array([size for _, size in steps])
starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
_, axes = plt.subplots(figsize=(9, 3.5), layout="constrained")
axes.bar([name for name, _ in steps], sizes, bottom=starts, color=np.where(sizes < 0, "tab:red", "tab:green"))
axes.axhline(result.raw_score, color="black", linewidth=0.8)
axes.set(title=f"From the base to {result.raw_score}", ylabel="points")
axes.tick_params(axis="x", rotation=60)

# %% [markdown]
# ## Reasons, and the records behind them
#
# The four that were published, with the values that they speak of.

# %%
values = {line.name: line for line in result.features}
for reason in result.reasons:
    print(f"{reason.points:+4d} {reason.code} {reason.text}")
    for name in reason.features:
        value = values[name].value
        print(
            f"       {name} = {value if value is None or isinstance(value, str) else f'{value:g}'} {values[name].unit}"
        )

# %% [markdown]
# Of each family that a reason reads: the rule by which records counted on that date, and the latest of them.

# %%
for records in result.records.values():
    print(f"\n{records.family}: {records.rows.num_rows} records of {records.table}, where {records.rule}")
    told = records.rows.drop_columns([name for name in ("id", "data_nascimento") if name in records.rows.column_names])
    print(told.to_pandas().tail(3).to_string(index=False))

# %% [markdown]
# ## If one feature were different
#
# The same consumer with other values of one feature: the points table is looked up again, and all else stays. This is
# what the model would say, not a promise: in life, features move together.

# %%
features_table: pa.Table = lake.read_table(path, "variaveis.parquet")
one_row = features_table.slice(row, 1)
assert raw_scores(model.points, one_row)[0] == result.raw_score
axis = next(
    axis for term in sorted(result.terms, key=lambda term: term.points) for axis in terms[term.code].axes if axis.edges
)
feature = FEATURES_BY_NAME[axis.feature]
tried = [*axis.edges, axis.edges[-1] + 1, None]  # the greatest value of each bin, one beyond the last edge, missing
place = features_table.column_names.index(feature.name)
many = pa.concat_tables([one_row] * len(tried))
many = many.set_column(place, many.schema.field(place), pa.array(tried, pa.float64()))
moved = pd.Series(np.clip(raw_scores(model.points, many), 0, 1000), index=tried)

current = values[feature.name].value
print(f"{feature.description} ({feature.unit}); now {current}, score {result.score.score}")
print(moved.iloc[:: max(1, len(moved) // 8)].to_string())

# %%
_, axes = plt.subplots(figsize=(8, 3))
axes.step(tried[:-1], moved.iloc[:-1], where="pre")
if current is not None:
    axes.plot(min(current, tried[-2]), result.score.score, "o", color="tab:red", label="now")
axes.axhline(moved.iloc[-1], color="grey", linestyle=":", label="if it were missing")
axes.set(title=f"The score by {feature.name}, all else the same", xlabel=feature.unit, ylabel="score")
axes.legend()

# %% [markdown]
# A pair reads two features, so that a change may come from more than one term. Where the feature is in one term alone,
# the change of the score is the change of that term's points, exactly.

# %%
readers = [term for term in model.points.terms if feature.name in term.features]
print(f"{feature.name} is read by {', '.join(term.code for term in readers)}")
if len(readers) == 1 and not readers[0].is_pair:
    cells = np.array(readers[0].points)[[*range(axis.bins), axis.missing_cell]]
    assert (raw_scores(model.points, many) - result.raw_score == cells - earned[readers[0].code]).all()

# %% [markdown]
# ## Are these still the consumers that the model was trained on?
#
# The run's own counts against the training's, cell by cell: stability of the score and of every feature (PSI), missing
# values, refused records, and the performance to expect before outcomes are known. A finding counts where it is both
# large and beyond chance. `escore monitor` does the same, writes a report and tells Prefect.

# %%
trained_on = ReferenceDistribution.from_json(lake.read_json(model_path(model.version), DISTRIBUTION_FILE))
scored = run_distribution(lake, identity)
drift = find_drift(trained_on, scored, model.points.scale)
print(f"{trained_on.rows:,} rows in training, {scored.rows:,} in the run: {drift.level}")
print(f"AUC {drift.trained.auc:.4f} in training, {drift.expected.auc:.4f} expected of the run")
print(f"bad rate {drift.trained.bad_rate:.2%} in training, {drift.expected.bad_rate:.2%} expected of the run")
largest = sorted(drift.findings, key=lambda one: one.chance - abs(one.change))[:8]
found = [(one.level, one.measure, one.subject, one.reference, one.actual, one.change, one.chance) for one in largest]
columns = ["level", "measure", "subject", "reference", "now", "change", "chance explains"]
print(pd.DataFrame(found, columns=columns).to_string(index=False, float_format="{:.3f}".format))
