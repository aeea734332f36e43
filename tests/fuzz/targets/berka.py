"""The files of the Berka data, which an import takes from a folder."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from population.berka_files import MOVEMENTS_FILE, read_files
from tests.fuzz.target import Target, make_folder

_FILES = {
    "client.asc": '"client_id";"birth_number";"district_id"\n1;"706213";1\n2;"450204";1\n',
    "district.asc": "A1;A2;A3\n1;Praha;Prague\n",
    "account.asc": '"account_id";"date"\n1;950324\n',
    "disp.asc": '"disp_id";"client_id";"account_id";"type"\n1;1;1;"OWNER"\n2;2;1;"DISPONENT"\n',
    "loan.asc": '"loan_id";"account_id";"date";"duration";"payments";"status"\n1;1;930705;12;8033.00;"B"\n',
    "card.asc": '"card_id";"disp_id";"type";"issued"\n1;1;"gold";"931107 00:00:00"\n',
    "order.asc": '"order_id"\n1\n',
}
_PARTED = b"\n==\n"


def _movements() -> bytes:
    row = {"trans_id": 1, "account_id": 1, "date": datetime(1995, 3, 24), "type": "credit", "amount": 10.5}
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{**row, "operation": None, "k_symbol": "x"}]), sink)
    return sink.getvalue()


@cache
def _folder() -> Path:
    folder = make_folder()
    (folder / MOVEMENTS_FILE).write_bytes(_movements())
    return folder


def _read(data: bytes) -> None:
    """Read a folder whose text files are these parts, in their order."""
    for name, content in zip(_FILES, data.split(_PARTED), strict=False):
        (_folder() / name).write_bytes(content)
    read_files(_folder())


def _read_movements(data: bytes) -> None:
    """Read a folder whose Parquet file is this."""
    try:
        for name, content in _FILES.items():
            (_folder() / name).write_text(content)
        (_folder() / MOVEMENTS_FILE).write_bytes(data)
        read_files(_folder())
    finally:
        (_folder() / MOVEMENTS_FILE).write_bytes(_movements())


def _whole() -> bytes:
    return _PARTED.join(content.encode() for content in _FILES.values())


TARGETS = (
    Target(
        "berka/text",
        "the Berka data's text files",
        ("population.berka_files:_header", "population.berka_files:_lines", "population.berka_records:birth"),
        lambda: [_whole()],
        _read,
        tokens=(b";", b'"', b"\n", b"\r", b"\0", b"\xff", _PARTED, b"999999", b"-1"),
        regressions=(
            b"\xff",
            b"\0",
            _whole().replace(b"8033.00", b"inf"),
        ),
    ),
    Target(
        "berka/movements",
        "the Berka data's Parquet file",
        ("population.berka_files:_movement_columns", "population.berka_files:_movements"),
        lambda: [_movements()],
        _read_movements,
        tokens=(b"PAR1", b"trans_id", b"amount", b"date"),
        seconds=5.0,
        regressions=(
            b"PAR1",
            b"PAR1" + bytes(40) + b"\x08\0\0\0PAR1",
        ),
    ),
)
