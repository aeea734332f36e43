"""A registered model written for use elsewhere: SQL that scores, a page that people read, a table, or its JSON."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.canonical_json import canonical_json
from contracts.errors import UsageError
from flows.commands.options import ExportFormat
from models.points.page import render_points_page
from models.points.parquet import points_to_arrow
from models.points.sql import points_query
from models.registry import RegisteredModel
from models.validation.evidence import Evidence


def export_model(model: RegisteredModel, form: ExportFormat, output: Path, *, source: str) -> None:
    """Write a model's points; ``source`` is the table or view of features that SQL reads.

    UsageError if the file cannot be written.
    """
    data = _encode(model, form, source=source)
    try:
        output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from None


def _encode(model: RegisteredModel, form: ExportFormat, *, source: str) -> bytes:
    points = model.points
    if form is ExportFormat.SQL_POSTGRESQL:
        return points_query(points, "postgresql", source).encode()
    if form is ExportFormat.SQL_ORACLE:
        return points_query(points, "oracle", source).encode()
    if form is ExportFormat.HTML:
        counts = {count.code: count.rows for count in Evidence.from_json(model.metrics).terms}
        return render_points_page(points, counts).encode()
    if form is ExportFormat.JSON:
        return canonical_json(points.to_json())
    sink = pa.BufferOutputStream()
    pq.write_table(points_to_arrow(points), sink)
    return bytes(sink.getvalue())
