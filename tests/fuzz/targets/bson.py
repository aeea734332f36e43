"""BSON from Base C: replies, batches of documents, their values, and the last events that the API shows."""

from __future__ import annotations

import struct
from datetime import date, datetime
from typing import Any

import bson
from bson import Binary, Code, Decimal128, Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from hypothesis import strategies as st

from contracts.extraction import CpfRange
from contracts.table_declaration import Kind, Store
from contracts.tables import COMPRAS, tables_of
from extract.base_c import _held_by, decode_documents
from extract.bson_walker import locate_fields, open_batch
from extract.mongo_replies import locate_batch, without_batch
from extract.record_keys import key_texts
from extract.records import Records
from serve.api.json_text import encode_json
from serve.systems.system_c import EVENTS, _clean
from tests.extract_samples import bson_array
from tests.fuzz.target import CPF, NAME, Target

_LENIENT: CodecOptions[dict[str, Any]] = CodecOptions(
    unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_MS
)
_WHEN = datetime(2025, 6, 1, 12)
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {"_id": ObjectId(b"1" * 12), "cpf": CPF, "data_compra": _WHEN, "valor": 12.5, "bandeira_cartao": "visa",
     "produto": NAME, "tipo": "credito", "codigo_transacao": "t1"},
    {"_id": "x", "cpf": [CPF, "1", 3], "valor": Decimal128("1E+6000"), "data_compra": "ontem", "tipo": None},
    {"_id": Int64(7), "valor": Int64(2**62), "cpf": CPF.encode(), "extra": {"cpf": "1", "x": [1, {"y": Binary(b"z")}]}},
    {"_id": {"a": 1}, "cpf": Code("f()", {"x": 1}), "data_consulta": _WHEN, "empresa": "a\0b", "tipo_empresa": "é"},
    {"cpf": CPF, "tipo_movimentacao": "debito", "data_movimentacao": _WHEN, "valor": Decimal128("-0.005")},
    {"_id": 1, "valor": Decimal128("1234567890123456789012345678901234")},
    {},
)  # fmt: skip
_RANGE = CpfRange(0, "1", "6")


def _read_documents(data: bytes) -> None:
    batch = open_batch([data])
    for table in tables_of(Store.C):
        records = decode_documents(table, batch)
        _check_records(records, len(batch.starts))
        decode_documents(table, batch, _RANGE)
        key_texts(records.keys)
    _held_by(batch, locate_fields(batch, ["cpf"])["cpf"])
    _compare(data, decode_documents(COMPRAS, batch))


def _check_records(records: Records, rows: int) -> None:
    assert len(records) == rows
    records.keys.validate(full=True)
    for column in records.columns.values():
        assert len(column.values) == rows
        column.values.validate(full=True)
        assert column.defects is None or len(column.defects) == rows


def _compare(data: bytes, records: Records) -> None:
    """Assert that what a strict decoder finds in a batch is what was found here, for texts."""
    try:
        documents = list(bson.decode(data, _LENIENT).values())
    except (bson.errors.BSONError, RecursionError, ValueError, OverflowError):
        return
    if len(documents) != len(records):
        return  # two documents under one name are two here, and one there
    for name, column in records.columns.items():
        if COMPRAS.column(name).kind is Kind.TEXT:
            given = [document.get(name) for document in documents]
            wanted = [value if type(value) is str else None for value in given]
            defects = [0] * len(given) if column.defects is None else column.defects.tolist()
            pairs = zip(column.values.to_pylist(), wanted, defects, strict=True)
            assert all(found == want or (found is None and defect) for found, want, defect in pairs)  # twice: refused


def _read_reply(data: bytes) -> None:
    place = locate_batch(data)
    if place is None:
        return
    assert 0 <= place.start < place.end <= len(data)
    rest = without_batch(data, place)
    assert len(rest) == len(data) - (place.end - place.start) + 5
    _read_documents(data[place.start : place.end])


def _read_events(data: bytes) -> None:
    """Read a document as the driver hands it over to System C, and write it as the API does."""
    try:
        document = bson.decode(data)
    except (bson.errors.BSONError, RecursionError, ValueError, OverflowError):
        return  # the driver's own errors are the store's
    for _, _, names in EVENTS.values():
        written = encode_json({name: _clean(name, document.get(name)) for name in names})
        written.decode()


def _reply(documents: bytes, name: str = "firstBatch") -> bytes:
    cursor = {name: [], "id": Int64(7), "ns": "base_c.compras"}
    empty = bson.encode({"operationTime": _WHEN, "cursor": cursor, "ok": 1.0})
    at = empty.index(name.encode()) + len(name) + 1
    grown = bytearray(empty[:at] + documents + empty[at + 5 :])
    inner = empty.index(b"\x03cursor\0") + 8
    for place in (0, inner):
        struct.pack_into("<i", grown, place, struct.unpack_from("<i", grown, place)[0] + len(documents) - 5)
    return bytes(grown)


def _batches() -> list[bytes]:
    raws = [bson.encode(document) for document in DOCUMENTS]
    return [bson_array(raws), *(bson_array([raw]) for raw in raws), bson_array(raws * 5), bson_array([])]


_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1).map(Int64), st.floats(), st.text(max_size=12),
    st.binary(max_size=12), st.datetimes(), st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
    st.sampled_from([CPF, ObjectId(b"2" * 12), Code("f()"), date.max.isoformat()]),
)  # fmt: skip
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("a"), inner), max_leaves=4
)
_names = st.sampled_from(["_id", "cpf", "valor", "data_compra", "data_consulta", "tipo", "empresa", "outro"])
_documents = st.lists(st.dictionaries(_names, _values, max_size=5), max_size=4)


def _arrays() -> st.SearchStrategy[bytes]:
    return _documents.map(lambda docs: bson_array(bson.encode(doc) for doc in docs))


_TOKENS = (b"\x02cpf\0", b"\x03cursor\0", b"\x04firstBatch\0", b"\x04nextBatch\0", b"\x07_id\0", b"\x09data_compra\0",
           b"\x13valor\0", b"\x0b", b"\x0f", b"\x0c", b"\x05\0\0\0\0", b"\xff\xff\xff\xff",
           b"\xff\xff\xff\x7f")  # fmt: skip

TARGETS = (
    Target(
        "bson/documents",
        "batches of BSON documents, against the driver's own decoder",
        (
            "extract.bson_walker:open_batch",
            "extract.bson_walker:_followed_starts",
            "extract.bson_walker:locate_fields",
            "extract.bson_walker:_Walker._matches",
            "extract.bson_values:_wide_cents",
            "extract.plain_bson:smallest_text",
            "extract.conversion:decode_text",
        ),
        _batches,
        _read_documents,
        tokens=_TOKENS,
        grammar=_arrays,
    ),
    Target(
        "bson/replies",
        "replies of MongoDB's wire protocol",
        (
            "extract.mongo_replies:_batch_of_cursor",
            "extract.mongo_replies:_elements",
            "extract.mongo_replies:without_batch",
            "extract.plain_bson:element_end",
        ),
        lambda: [
            *(_reply(batch) for batch in _batches()),
            _reply(_batches()[0], "nextBatch"),
            bson.encode({"ok": 0.0, "errmsg": "x", "code": 43}),
        ],
        _read_reply,
        tokens=_TOKENS,
        grammar=lambda: _arrays().map(_reply),
    ),
    Target(
        "bson/events",
        "a document as the driver hands it to System C",
        ("serve.systems.system_c:_money",),
        lambda: [bson.encode(document) for document in DOCUMENTS],
        _read_events,
        tokens=_TOKENS,
        grammar=lambda: st.dictionaries(_names, _values, max_size=5).map(bson.encode),
    ),
)
