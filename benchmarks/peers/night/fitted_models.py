"""The two models of the comparison, fitted on the same generated consumers: our points table and the regression."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.generated_samples import sample_path, write_samples
from benchmarks.peers.night import sklearn_score
from contracts.canonical_json import canonical_json
from contracts.reference_date import add_months
from features.catalog import FEATURES
from models.points.document import parse_points_table
from models.points.table import PointsTable
from models.scorecard import Scorecard
from population.parameters import PopulationParameters

CONSUMERS = 10_000
SEED = 7
MONTHS_BEFORE = 15
_POINTS_FILE = "pontos.json"


def make_models(folder: Path, as_of: date) -> None:
    """Fit both models on features of a date that all outcomes are known of, and store them."""
    known_at = add_months(as_of, -MONTHS_BEFORE)
    write_samples(PopulationParameters(CONSUMERS, SEED, as_of, mean_events=20.0), [known_at], folder)
    rows = pq.read_table(sample_path(folder, known_at)).to_pandas()
    inputs = rows[[feature.name for feature in FEATURES]]
    directions = {feature.name: feature.direction for feature in FEATURES}
    fitted = Scorecard(monotone=directions, bags=1, n_jobs=1).fit(inputs, rows["is_bad"])
    (folder / _POINTS_FILE).write_bytes(canonical_json(fitted.points_.to_json()))
    sklearn_score.store(sklearn_score.fit(inputs, rows["is_bad"].to_numpy()), folder)


def load_points(folder: Path) -> PointsTable:
    """Return our fitted table of points."""
    return parse_points_table((folder / _POINTS_FILE).read_bytes())
