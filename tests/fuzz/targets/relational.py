"""What relational stores send and are sent: COPY in CSV, COPY in binary, rows as JSON, searches."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from hypothesis import strategies as st

from contracts.cpf_number import CPF_LENGTH
from contracts.letter_folding import folded_words
from contracts.score_scale import SCORES_SCHEMA
from contracts.table_declaration import Table
from contracts.tables import BEM, CLIENTE, DIVIDA, FONTE_DE_RENDA, PESSOA
from extract.conversion import arrow_type_of, records_of
from extract.field_checks import check_fields
from extract.postgres_copy import parse_csv
from extract.verdicts import Verdicts
from serve.api.json_text import encode_json
from serve.publishing.copy_rows import COPY_COLUMNS, encode_rows
from serve.publishing.score_copy import read_scores
from serve.systems.client_clauses import clauses_of
from serve.systems.client_filter import ClientFilter
from serve.systems.client_queries import Span, select_in_order
from serve.systems.score_data import _decode
from tests.fuzz.target import CPF, NAME, Target, sent_text_of
from tests.score_samples import CODES, make_run

AS_OF = date(2025, 6, 30)
_RUN = make_run(7)
_TABLES = (CLIENTE, DIVIDA, PESSOA, FONTE_DE_RENDA, BEM)


def _types(table: Table) -> dict[str, pa.DataType]:
    names = dict.fromkeys(["cpf", *(column.name for column in table.read_columns)])
    return {name: pa.string() if name == "cpf" else arrow_type_of(table.column(name)) for name in [table.key, *names]}


def _read_csv(data: bytes) -> None:
    """Read the bytes as the CSV of the table that the first byte chooses, and check what was read."""
    table = _TABLES[data[0] % len(_TABLES)] if data else CLIENTE
    raw = parse_csv(pa.py_buffer(data[1:]), _types(table))
    records = records_of(table, raw)
    for column in records.columns.values():
        assert len(column.values) == len(records)
        column.values.validate(full=True)
    check_fields(records, Verdicts(len(records)), as_of=AS_OF)


def _csv(table: Table, rows: Sequence[Sequence[str]]) -> bytes:
    lines = "".join(",".join(row) + "\n" for row in rows)
    return bytes([_TABLES.index(table)]) + lines.encode()


def _csv_rows() -> list[bytes]:
    values = {
        "id": "k1",
        "cpf": CPF,
        "uf": "SP",
        "sexo": "F",
        "frequencia": "mensal",
        "tipo": '"a ""b"", c"',
        "nome": NAME,
    }
    values |= {"data_nascimento": "1980-01-31", "vencimento": "infinity", "valor": "1234.50", "valor_estimado": "NaN"}
    values |= {"registrada_em": "2025-01-01 12:00:00.5", "registrado_em": "2025-01-01 12:00:00", "baixada_em": ""}
    made = []
    for table in _TABLES:
        row = [values.get(name, '"x\ny"') for name in _types(table)]
        made += [_csv(table, [row]), _csv(table, [row, ["" for _ in row], ['""' for _ in row]])]
    return made


class _Cursor:
    """Answers a COPY with the bytes that it was given; it stands in for psycopg2's cursor."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def mogrify(self, text: str, _values: Any) -> bytes:
        return text.encode()

    def copy_expert(self, _statement: str, sink: Any) -> None:
        sink.write(self._data)


class _Connection:
    """What is used of a connection: its dialect and a cursor."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.connection = self
        self.dialect = sa.create_engine("postgresql+psycopg2://").dialect

    def cursor(self) -> _Cursor:
        return _Cursor(self._data)


def _read_results(data: bytes) -> None:
    scores = read_scores(_Connection(data), "score_x", after="", limit=9)  # type: ignore[arg-type]
    assert scores.schema == SCORES_SCHEMA
    scores.validate(full=True)


def _write_rows(data: bytes) -> None:
    """Write the scores that a JSON list describes as PostgreSQL's binary rows, and read them back field by field."""
    try:
        described = json.loads(data)
        scores = pa.Table.from_pylist(described, SCORES_SCHEMA)
        scores.validate(full=True)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, pa.ArrowException):
        return  # no table of scores
    if any(scores[name].null_count for name in ("cliente_id", "cpf", "status", "motivos")):
        return
    if any(None in reason.values() for row in scores["motivos"].to_pylist() for reason in row if reason):
        return
    rows = _rows_of(encode_rows(scores, _RUN).to_pybytes())
    assert [row["cliente_id"] for row in rows] == [text.encode() for text in scores["cliente_id"].to_pylist()]
    assert [row["cpf"] for row in rows] == [text.encode() for text in scores["cpf"].to_pylist()]
    assert all(row["cpf"] is None or len(row["cpf"]) == CPF_LENGTH for row in rows)
    assert [json.loads(row["motivos"][1:]) for row in rows] == scores["motivos"].to_pylist()


def _rows_of(data: bytes) -> list[dict[str, Any]]:
    rows, at = [], 0
    while at < len(data):
        assert data[at : at + 2] == len(COPY_COLUMNS).to_bytes(2, "big")
        at, row = at + 2, {}
        for name in COPY_COLUMNS:
            length = int.from_bytes(data[at : at + 4], "big", signed=True)
            at += 4
            row[name] = None if length < 0 else data[at : at + length]
            at += max(length, 0)
        rows.append(row)
    assert at == len(data)
    return rows


def _scores() -> bytes:
    reasons = [{"codigo": code, "pontos": 9 - place} for place, code in enumerate(CODES[:4])]
    one = {"cliente_id": "7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e", "cpf": CPF, "score": 700, "score_bruto": 700,
           "probabilidade": 0.03, "faixa": "bom", "status": "OK", "motivos": reasons}  # fmt: skip
    none = {"cliente_id": "c-2", "cpf": CPF, "status": "DADOS_INSUFICIENTES", "motivos": []}
    return json.dumps([one, none]).encode()


def _read_base_b(data: bytes) -> None:
    """Read a JSON list of rows as ``score-data`` has it from PostgreSQL, every row an object with its amount."""
    text = sent_text_of(data)
    if _NOT_POSTGRES.search(text):
        return
    try:
        rows = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return
    if isinstance(rows, list) and all(isinstance(row, dict) and "valor" in row for row in rows):
        encode_json(_decode(text, amount="valor")).decode()


_NOT_POSTGRES = re.compile(r"[eE][-+]?\d{6}|\\u[dD][89a-fA-F]")
"""Exponents that no numeric of PostgreSQL has, and halves of characters, which no text of its has."""


def _refuse(constant: str) -> None:
    raise ValueError(f"PostgreSQL's JSON has no {constant}")


def _search(data: bytes) -> None:
    """Search for any texts: they are bound, never part of a statement."""
    texts = sent_text_of(data).split("\n")
    given = dict(zip(("nome", "cidade", "estado_civil", "uf"), texts, strict=False))
    conditions = ClientFilter.from_given({name: text for name, text in given.items() if text.strip()})
    for dialect in (_Connection(b"").dialect, sa.create_engine("sqlite://").dialect):
        clauses = clauses_of(conditions, dialect.name)
        compiled = select_in_order(clauses, Span(21)).compile(dialect=dialect)
        assert NAME not in str(compiled)
        names_nobody = not folded_words(conditions.nome or "x")  # the API refuses a name without a word
        assert clauses.leading or clauses.others or not conditions.given() or names_nobody


_rows = st.lists(
    st.fixed_dictionaries(
        {"tipo": st.text(max_size=5), "valor": st.floats() | st.integers() | st.none() | st.just("NaN") | st.text()}
    )
)

TARGETS = (
    Target(
        "relational/csv",
        "PostgreSQL's CSV of Bases A and B",
        ("extract.postgres_copy:parse_csv", "extract.postgres_copy:_read"),
        _csv_rows,
        _read_csv,
        tokens=(b",", b'"', b'""', b"\n", b"\r\n", b"\0", b"\xff", b"infinity", b"NaN", b"\\N", b"-"),
        regressions=(
            b"\x00" + b"a,b,c\n1\n",
            b'\x01"',
        ),
    ),
    Target(
        "relational/results",
        "PostgreSQL's CSV of published scores",
        ("serve.publishing.score_copy:read_scores",),
        lambda: [b"c1,52998224725,700,0.5,bom,OK,A,5,B,-3,,,,\n", b'c2,"",,,,DADOS_INSUFICIENTES,,,,,,,,\n'],
        _read_results,
        tokens=(b",", b'"', b"\n", b"32768", b"NaN"),
        regressions=(
            b"c1,5299822472,,,DADOS_INSUFICIENTES,,,,,,,,\n",
            b"x\n",
        ),
    ),
    Target(
        "relational/copy",
        "the rows of a binary COPY, written and read back",
        ("serve.publishing.copy_rows:encode_rows", "serve.publishing.record_encoding:fixed_width"),
        lambda: [_scores(), b"[]"],
        _write_rows,
    ),
    Target(
        "relational/rows",
        "Base B's rows as JSON, as System B shows them",
        ("serve.systems.score_data:_decode",),
        lambda: [
            b'[{"tipo":"salario","valor":1234.50},{"tipo":"x","valor":"NaN"}]',
            b'[{"valor":1e400},{"valor":1e-400}]',
        ],
        _read_base_b,
        grammar=lambda: _rows.map(lambda rows: json.dumps(rows).encode()),
    ),
    Target(
        "relational/search",
        "texts that consumers are searched by, on their way into SQL",
        ("serve.systems.client_filter:ClientFilter.from_given",),
        lambda: [
            f"{NAME} silva\nSão Luís\ncasado\nSP".encode(),
            b"a'\\b:* & !c\n%_!\n'\n--",
            b"'); DROP TABLE cliente; --",
        ],
        _search,
        tokens=(b"'", b"\\", b"%", b"_", b"!", b":*", b"&", b"|", b"(", b"\n", NAME.encode()),
    ),
)
