"""The rows that COPY gets are the table's rows, field by field, in PostgreSQL's binary format."""

from __future__ import annotations

import json
import struct
from datetime import date, timedelta
from uuid import UUID

import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.score_scale import SCORES_SCHEMA
from serve.publishing.copy_rows import COPY_COLUMNS, encode_rows
from tests.score_samples import make_run, make_scores

RUN = make_run(7)
READERS = {
    "execucao_id": lambda value: UUID(bytes=value),
    "data_referencia": lambda value: date(2000, 1, 1) + timedelta(days=struct.unpack(">i", value)[0]),
    "score": lambda value: struct.unpack(">h", value)[0],
    "probabilidade": lambda value: struct.unpack(">f", value)[0],
    "motivos": lambda value: (value[0], json.loads(value[1:])),
}


def read_rows(data: bytes) -> list[dict[str, object]]:
    """Read rows strictly: every byte belongs to a field."""
    rows, at = [], 0
    while at < len(data):
        (fields,) = struct.unpack_from(">h", data, at)
        assert fields == len(COPY_COLUMNS)
        at += 2
        row = {}
        for name in COPY_COLUMNS:
            (length,) = struct.unpack_from(">i", data, at)
            at += 4
            value = None if length == -1 else data[at : at + length]
            at += max(length, 0)
            row[name] = None if value is None else READERS.get(name, bytes.decode)(value)
        rows.append(row)
    assert at == len(data)
    return rows


def expected(scores: pa.Table) -> list[dict[str, object]]:
    rows = scores.drop_columns(["score_bruto"]).to_pylist()
    ours = {
        "execucao_id": RUN.execucao_id,
        "data_referencia": RUN.data_referencia,
        "modelo_versao": RUN.modelo_versao,
    }
    return [{**ours, **row, "motivos": (1, row["motivos"])} for row in rows]


def with_reasons(reasons: list[list[dict[str, object]]]) -> pa.Table:
    scores = make_scores(len(reasons))
    field = SCORES_SCHEMA.field("motivos")
    return scores.set_column(SCORES_SCHEMA.get_field_index("motivos"), field, pa.array(reasons, field.type))


UUIDS, TEXTS = make_scores(50), make_scores(50, text_ids=True)


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(UUIDS, id="ids of one width"),
        pytest.param(TEXTS, id="ids of many widths"),
        pytest.param(pa.concat_tables([UUIDS.slice(3, 9), TEXTS.slice(5, 20)]), id="chunks and both kinds"),
        pytest.param(UUIDS.slice(9, 1), id="insufficient data alone"),
        pytest.param(UUIDS.slice(1, 1), id="one score"),
        pytest.param(SCORES_SCHEMA.empty_table(), id="none"),
        pytest.param(
            with_reasons([[], [{"codigo": "A-b.c_d*9", "pontos": 32767}, {"codigo": "B", "pontos": -32768}], []]),
            id="extreme points",
        ),
    ],
)
def test_rows_read_back(scores):
    assert read_rows(encode_rows(scores, RUN).to_pybytes()) == expected(scores)


def test_a_code_that_could_break_the_json_is_refused():
    with pytest.raises(DataIntegrityError, match="code"):
        encode_rows(with_reasons([[{"codigo": 'A"', "pontos": 1}]]), RUN)


def test_a_cpf_of_another_length_is_refused():
    scores = make_scores(2)
    short = scores.set_column(1, SCORES_SCHEMA.field("cpf"), pa.array(["1234567890", "12345678901"]))
    with pytest.raises(DataIntegrityError, match="11 bytes"):
        encode_rows(short, RUN)
