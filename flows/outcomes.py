"""What became of the consumers of a run, range by range: labels as of the run's date, joined to its scores.

Enters a published run whose labels have matured; leaves counts of good and bad rows by raw score. Base A is read
again, as known by a later day; the scores are those of the lake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow.compute as pc
from prefect import task

from contracts.artifacts import ArtifactStore
from contracts.extraction import CpfRange
from contracts.settings import load_settings
from extract.extraction import extract_debts
from extract.sources import Sources
from flows.range_tasks import IO_TASK
from flows.range_work import SCORES_FILE
from flows.resources import open_lake, open_sources
from flows.run_plan import RunIdentity, read_plan
from flows.withheld import values_withheld
from models.label import label_defaults
from models.monitoring.observed_performance import ScoreOutcomes, count_outcomes


@dataclass(frozen=True, slots=True)
class LabelTerms:
    """What makes a default, as the model's training said, and the day by whose end it is judged."""

    observed_until: date
    horizon_months: int
    min_debt_cents: int


@task(name="desfechos", **IO_TASK)
@values_withheld
def gather_outcomes(run: RunIdentity, terms: LabelTerms, indexes: list[int]) -> dict[str, Any]:
    """Label some ranges of a run, with connections of its own; return the counts by raw score as JSON."""
    settings = load_settings()
    lake = open_lake(settings)
    planned = read_plan(lake, run.snapshot_id) or ()
    total = ScoreOutcomes()
    with open_sources(settings) as sources:
        for index in indexes:
            total += label_range(lake, sources, planned[index], run=run, terms=terms)
    return total.to_json()


def label_range(
    lake: ArtifactStore, sources: Sources, cpf_range: CpfRange, *, run: RunIdentity, terms: LabelTerms
) -> ScoreOutcomes:
    """Return the outcomes of one range's scored consumers; those that Base A no longer holds have none.

    Raises
    ------
    TrainingRefusedError
        The labels have not matured by ``terms.observed_until``.
    DataIntegrityError
        The range's scores are not in the lake, or were altered.
    """
    labels = label_defaults(
        extract_debts(sources, cpf_range, as_of=terms.observed_until),
        run.as_of,
        observed_until=terms.observed_until,
        horizon_months=terms.horizon_months,
        min_debt_cents=terms.min_debt_cents,
    )
    path = run.scores_path(cpf_range.index)
    scores = lake.read_table(path, SCORES_FILE, columns=["cliente_id", "score_bruto"])
    scores = scores.filter(pc.is_valid(scores["score_bruto"]))
    place = pc.index_in(scores["cliente_id"], value_set=labels["cliente_id"].combine_chunks())
    known = pc.is_valid(place)
    raw = scores["score_bruto"].filter(known).to_numpy()
    is_bad = labels["is_bad"].take(place.drop_null()).to_numpy()
    return count_outcomes(raw, np.asarray(is_bad, np.bool_), unknown=scores.num_rows - len(raw))
