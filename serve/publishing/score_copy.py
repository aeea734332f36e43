"""Arrow tables into PostgreSQL by COPY, and scores back out, with no Python object a row."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from pyarrow import csv

from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA
from contracts.score_scale import REASON_TYPE, SCORES_SCHEMA
from contracts.score_terms import MAX_REASONS
from serve.published.run_info import RunInfo

SCORE_COLUMNS = (
    "execucao_id",
    "cliente_id",
    "cpf",
    "score",
    "probabilidade",
    "faixa",
    "status",
    "motivos",
    "data_referencia",
    "modelo_versao",
)
REJECT_COLUMNS = ("execucao_id", *REJECTS_SCHEMA.names)
_PLAIN_CODE = r"^[A-Za-z0-9_.*-]+$"
_TABLE_NAME = re.compile(r"^[a-z_0-9]+$")


def copy_scores(connection: sa.Connection, table: str, scores: pa.Table, run: RunInfo) -> None:
    """Append a table of SCORES_SCHEMA to a partition, within the connection's transaction."""
    constants = {
        "execucao_id": str(run.execucao_id),
        "data_referencia": run.data_referencia.isoformat(),
        "modelo_versao": run.modelo_versao,
    }
    columns = {name: scores[name] for name in SCORE_COLUMNS if name in scores.column_names}
    columns["motivos"] = reasons_as_json(scores["motivos"].combine_chunks())
    columns |= {name: pa.repeat(value, len(scores)) for name, value in constants.items()}
    _copy_in(connection, table, pa.table({name: columns[name] for name in SCORE_COLUMNS}))


def copy_rejects(connection: sa.Connection, rejects: pa.Table, run_id: UUID) -> None:
    """Append a table of REJECTS_SCHEMA to ``rejeitado``, within the connection's transaction."""
    columns = {"execucao_id": pa.repeat(str(run_id), len(rejects))} | {n: rejects[n] for n in REJECTS_SCHEMA.names}
    _copy_in(connection, "rejeitado", pa.table(columns))


def reasons_as_json(motives: pa.ListArray) -> pa.Array:
    """Return each row's reasons as the JSON text of ``score.motivos``.

    >>> reasons_as_json(pa.array([[{"codigo": "A", "pontos": -3}], []], pa.list_(REASON_TYPE))).to_pylist()
    ['[{"codigo":"A","pontos":-3}]', '[]']
    """
    items = pc.list_flatten(motives)
    codes = items.field("codigo")
    if not pc.all(pc.match_substring_regex(codes, _PLAIN_CODE), min_count=0).as_py():
        raise DataIntegrityError("a reason's code holds a character other than letters, digits and . - * _")
    points = items.field("pontos").cast(pa.string())
    texts = pc.binary_join_element_wise('{"codigo":"', codes, '","pontos":', points, "}", "")
    lengths = pc.fill_null(pc.list_value_length(motives), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
    return pc.binary_join_element_wise("[", joined, "]", "")


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
