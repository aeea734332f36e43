"""Arrow tables into PostgreSQL by COPY, and scores back out, with no Python object a row."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv

from contracts.documents import reading_document
from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA
from contracts.score_scale import REASON_TYPE, SCORES_SCHEMA
from contracts.score_terms import MAX_REASONS
from serve.publishing.copy_rows import COPY_COLUMNS, HEADER, TRAILER

REJECT_COLUMNS = ("execucao_id", *REJECTS_SCHEMA.names)
COPY_BYTES = 1 << 20
"""Bytes handed to the driver at a time: few enough calls that a busy thread beside them does not hold them up."""

_TABLE_NAME = re.compile(r"^[a-z_0-9]+$")


def copy_rows(connection: sa.Connection, table: str, rows: pa.Buffer) -> None:
    """Append rows that `encode_rows` made to a partition, within the connection's transaction."""
    if rows.size:
        columns = ", ".join(COPY_COLUMNS)
        stream = pa.BufferReader(b"".join([HEADER, rows, TRAILER]))
        statement = f"COPY {_checked(table)} ({columns}) FROM STDIN (FORMAT binary)"
        _cursor(connection).copy_expert(statement, stream, COPY_BYTES)


def copy_rejects(connection: sa.Connection, rejects: pa.Table, run_id: UUID) -> None:
    """Append a table of REJECTS_SCHEMA to ``rejeitado``, within the connection's transaction."""
    columns = {"execucao_id": pa.repeat(str(run_id), len(rejects))} | {n: rejects[n] for n in REJECTS_SCHEMA.names}
    _copy_in(connection, "rejeitado", pa.table(columns))


def read_scores(connection: sa.Connection, table: str, *, after: str, limit: int) -> pa.Table:
    """Return up to ``limit`` published rows in ``cliente_id`` order after one, as SCORES_SCHEMA.

    ``score_bruto`` is not kept by PostgreSQL and comes back null.
    """
    reasons = ", ".join(f"motivos->{i}->>'codigo', motivos->{i}->>'pontos'" for i in range(MAX_REASONS))
    query = sa.text(
        f"SELECT cliente_id, cpf, score, probabilidade, faixa, status, {reasons} FROM {_checked(table)}"
        f" WHERE cliente_id > :after ORDER BY cliente_id LIMIT {int(limit)}"
    )
    cursor = _cursor(connection)
    compiled = query.bindparams(after=after).compile(dialect=connection.dialect)
    text = cursor.mogrify(str(compiled), compiled.params).decode()
    buffer = io.BytesIO()
    cursor.copy_expert(f"COPY ({text}) TO STDOUT (FORMAT csv)", buffer)
    names = ["cliente_id", "cpf", "score", "probabilidade", "faixa", "status"]
    pairs = [f"{kind}{i}" for i in range(MAX_REASONS) for kind in ("codigo", "pontos")]
    types = {name: SCORES_SCHEMA.field(name).type for name in names}
    types |= {name: pa.string() if name.startswith("codigo") else pa.int16() for name in pairs}
    if not buffer.getbuffer().nbytes:
        return SCORES_SCHEMA.empty_table()
    buffer.seek(0)
    with reading_document("the rows of a run's scores"):
        rows = csv.read_csv(
            buffer,
            read_options=csv.ReadOptions(column_names=names + pairs),
            convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
        )
        columns = {name: rows[name] for name in names} | {"score_bruto": pa.nulls(len(rows), pa.int32())}
        columns["motivos"] = _join_reasons(rows)
        return pa.table({name: columns[name] for name in SCORES_SCHEMA.names}, schema=SCORES_SCHEMA)


def _join_reasons(rows: pa.Table) -> pa.ListArray:
    codes = _interleave([rows[f"codigo{i}"].combine_chunks() for i in range(MAX_REASONS)])
    points = _interleave([rows[f"pontos{i}"].combine_chunks() for i in range(MAX_REASONS)])
    present = np.asarray(codes.is_valid())
    mask = pa.array(present)
    items = pa.StructArray.from_arrays([codes.filter(mask), points.filter(mask)], fields=list(REASON_TYPE))
    lengths = present.reshape(-1, MAX_REASONS).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=SCORES_SCHEMA.field("motivos").type)


def _interleave(slots: list[pa.Array]) -> pa.Array:
    """Return the first row of every slot, then the second of every slot, and so on."""
    order = np.arange(len(slots) * len(slots[0])).reshape(len(slots), -1).T.reshape(-1)
    return pa.concat_arrays(slots).take(pa.array(order))


def _copy_in(connection: sa.Connection, table: str, rows: pa.Table) -> None:
    if not len(rows):
        return
    sink = pa.BufferOutputStream()
    csv.write_csv(rows, sink, csv.WriteOptions(include_header=False))
    names = ", ".join(rows.column_names)
    _cursor(connection).copy_expert(
        f"COPY {_checked(table)} ({names}) FROM STDIN (FORMAT csv)", pa.BufferReader(sink.getvalue())
    )


def _checked(table: str) -> str:
    if not _TABLE_NAME.match(table):
        raise DataIntegrityError("not a table of the results")
    return table


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()
