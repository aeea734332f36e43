"""The model in force, as a training compares its own with it: applied to the rows that the new one is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import DataIntegrityError
from models.points.apply import raw_scores
from models.points.table import PointsTable
from models.training.rows import SplitRows
from models.training.takeover import Comparison
from models.validation.intervals import paired_auc_difference


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The model in force: its version and points, or None with the ``problem`` why it cannot be read."""

    version: str
    points: PointsTable | None
    problem: str = ""


def compare_with_incumbent(incumbent: Incumbent, points: PointsTable, rows: SplitRows, *, seed: int) -> Comparison:
    """Return the AUC of a new model less that of the one in force, at later dates of unseen consumers."""
    if incumbent.points is None:
        return Comparison(incumbent.version, None, incumbent.problem)
    judged, table = rows.strict, rows.strict.features
    missing = sorted(set(incumbent.points.features) - set(table.column_names))
    if missing:
        return Comparison(incumbent.version, None, f"lê variáveis que já não existem: {', '.join(missing)}")
    try:
        theirs = raw_scores(incumbent.points, table)
    except DataIntegrityError as error:
        return Comparison(incumbent.version, None, str(error))
    ours = raw_scores(points, table)
    return Comparison(incumbent.version, paired_auc_difference(judged.is_bad, ours, theirs, judged.consumer, seed=seed))
