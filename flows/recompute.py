"""One consumer's score computed anew from lake tables and a points table, with all that it was made from.

The same functions as the nightly run's, on one consumer's rows: features, points, reasons; then, for every reason,
the records that counted in the families its features are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from contracts.errors import DataIntegrityError
from contracts.score_terms import Reason, Status
from features.build import build_features
from features.catalog import FAMILIES, FEATURES, FEATURES_BY_NAME
from features.records import counted_records, families_of
from flows.replayed import FamilyRecords, FeatureLine, ReasonLine, Recomputed, TermLine
from models.points.apply import apply_points, contributions
from models.points.cell_codes import axis_codes
from models.points.cell_labels import cell_labels
from models.points.table import Axis, PointsTable
from serve.published.stored_scores import StoredScore


def recompute(points: PointsTable, tables: Mapping[str, pa.Table], as_of: date) -> Recomputed:
    """Return the score of the one consumer whose records ``tables`` holds, and what it was made from.

    Raises
    ------
    DataIntegrityError
        The tables hold no consumer known by then, or more than one, or the model reads a feature that is no more.
    """
    table = build_features(tables, as_of, threads=1)
    if table.num_rows != 1:
        raise DataIntegrityError(f"the snapshot holds {table.num_rows} consumers where one was expected")
    [values], [row] = table.to_pylist(), apply_points(points, table).to_pylist()
    reasons = tuple(Reason(one["codigo"], one["pontos"]) for one in row["motivos"])
    lines = tuple(_reason_line(points, reason) for reason in reasons)
    wanted = dict.fromkeys(name for line in lines for name in line.families)
    return Recomputed(
        score=StoredScore(row["score"], row["probabilidade"], row["faixa"], row["status"], reasons),
        raw_score=row["score_bruto"],
        base_points=points.base_points,
        features=tuple(FeatureLine(f.name, f.code, values[f.name], f.unit, f.description, f.family) for f in FEATURES),
        terms=_term_lines(points, table, values, row),
        reasons=lines,
        records=_records(wanted, tables, as_of),
    )


def _term_lines(
    points: PointsTable, table: pa.Table, values: Mapping[str, Any], row: Mapping[str, Any]
) -> tuple[TermLine, ...]:
    """Return every term's points; DataIntegrityError unless they and the base add up to the unclipped score."""
    if row["status"] != Status.OK.value:
        return ()
    [earned] = contributions(points, table).to_pylist()
    lines = tuple(
        TermLine(
            code=term.code,
            values={name: values[name] for name in term.features},
            cells={axis.feature: _cell_name(axis, table) for axis in term.axes},
            points=earned[term.code],
        )
        for term in points.terms
    )
    if points.base_points + sum(line.points for line in lines) != row["score_bruto"]:
        raise DataIntegrityError("the points of the terms do not add up to the score")
    return lines


def _cell_name(axis: Axis, table: pa.Table) -> str:
    return cell_labels(axis)[int(axis_codes(axis, table[axis.feature].combine_chunks())[0])]


def _reason_line(points: PointsTable, reason: Reason) -> ReasonLine:
    term = next(term for term in points.terms if term.code == reason.code)
    named = {family.name for name in term.features for family in families_of(FEATURES_BY_NAME[name])}
    return ReasonLine(
        code=reason.code,
        points=reason.points,
        direction=reason.direction,
        text=points.texts[reason.code][reason.direction.value],
        features=term.features,
        families=tuple(family.name for family in FAMILIES if family.name in named),
    )


def _records(wanted: Iterable[str], tables: Mapping[str, pa.Table], as_of: date) -> dict[str, FamilyRecords]:
    families = {family.name: family for family in FAMILIES}
    return {
        name: FamilyRecords(
            family=name,
            table=families[name].table.name,
            rule=families[name].row_filter,
            rows=counted_records(families[name], tables[families[name].table.name], as_of),
        )
        for name in wanted
    }
