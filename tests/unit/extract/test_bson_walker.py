"""The vectorised BSON walker finds exactly what a document-by-document decoder finds, and never reads astray."""

import time
import uuid
from datetime import datetime

import bson
import pytest
from bson import Binary, Code, DBRef, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import StoreContractError
from contracts.tables import COMPRAS
from extract.base_c import decode_documents
from extract.bson_types import ABSENT, INT32
from extract.bson_values import decode_texts
from extract.bson_walker import locate_fields, open_batch
from extract.records import Defect
from tests.extract_samples import bson_array

EXACT = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS, unicode_decode_error_handler="replace")
NAMES = ["cpf", "valor", "_id", "tipo", "um_nome_bem_mais_comprido_que_oito_bytes"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(),
    st.text(max_size=30),
    st.binary(max_size=20).map(Binary),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(-(2**60), 2**60).map(DatetimeMS),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
    st.sampled_from([MinKey(), MaxKey(), Regex("a.*", "i"), Code("f()"), Code("f()", {"x": 1}), DBRef("c", 1)]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "cpf"]), inner, max_size=2)
    ),
    max_leaves=6,
)
field_names = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
)
documents = st.lists(st.dictionaries(field_names, values, max_size=7), min_size=1, max_size=12)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_finds_what_bson_decode_finds(docs):
    encoded = [bson.encode(doc) for doc in docs]
    batch = open_batch([bson_array(encoded[:5]), bson_array(encoded[5:])])
    fields = locate_fields(batch, NAMES)
    for row, raw in enumerate(encoded):
        decoded = bson.decode(raw, EXACT)
        for name in NAMES:
            field = fields[name]
            assert (field.types[row] != ABSENT) == (name in decoded)
            if name in decoded:
                value = batch.data[field.starts[row] : field.ends[row]].tobytes()
                again = _document(bytes([field.types[row]]) + b"v\0" + value)
                assert again == bson.encode({"v": decoded[name]}) or again == _document(_element(raw, name))


def _document(element: bytes) -> bytes:
    return (len(element) + 5).to_bytes(4, "little") + element + b"\0"


def _element(raw: bytes, name: str) -> bytes:
    """Cut a field of a document out by its neighbours' sizes, for values that do not survive a round trip (NaN)."""
    names = list(bson.decode(raw, EXACT))
    at = 4
    for other in names:
        size = len(bson.encode({other: bson.decode(raw, EXACT)[other]})) - 5
        if other == name:
            return raw[at : at + 1] + b"v\0" + raw[at + 2 + len(name.encode()) : at + size]
        at += size
    raise AssertionError(name)


@settings(max_examples=150, deadline=None)
@given(documents, st.data())
def test_damaged_bytes_give_a_typed_error_or_an_answer_but_never_a_crash(docs, data):
    raw = bytearray(bson_array(bson.encode(doc) for doc in docs))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    shortened = raw[:cut]
    shortened[:4] = len(shortened).to_bytes(4, "little")
    for damaged in (bytes(raw), bytes(raw[:cut]), bytes(shortened)):
        try:
            records = decode_documents(COMPRAS, open_batch([damaged]))
        except StoreContractError:
            continue
        for column in records.columns.values():
            column.values.validate(full=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x04\0\0\0",
        b"\xff\xff\xff\x7f\0",
        b"\x05\0\0\0\x01",
        _document(b"\x02cpf\0\xff\xff\xff\x7fabc\0"),
        _document(b"\x02cpf\0\0\0\0\0"),
        _document(b"\x02cpf\0\x04\0\0\0abcd"),
        _document(b"\x01valor\0\0\0"),
        _document(b"\x77cpf\0"),
        _document(b"\x03cpf\0\x04\0\0\0"),
        _document(b"\x0bcpf\0abc\0"),
        _document(b"\x0acp"),
        _document(b"\x00cpf\0"),
        _document(b"\x05cpf\0\xf0\xff\xff\xff\0"),
    ],
)
def test_lengths_that_do_not_add_up_are_refused(raw):
    with pytest.raises(StoreContractError, match="malformed BSON"):
        locate_fields(open_batch([bson_array([raw])]), NAMES)


@pytest.mark.parametrize(
    "array",
    [
        b"",
        b"\x04\0\0\0",
        b"\x05\0\0\0\x01",
        b"\x06\0\0\0\0",
        bson_array([b"\x05\0\0\0\0"]).replace(b"\x030", b"\x020"),
        bson_array([b"\x05\0\0\0\0"])[:-1] + b"\x01",
        bson_array([b"\x05\0\0\0\0", b"\x00\0\0\0\0"]),
        bson_array([b"\x05\0\0\0\0", b"\xf5\xff\xff\xff\0"]),
        (9).to_bytes(4, "little") + b"\x03000\0",
    ],
)
def test_arrays_that_do_not_add_up_are_refused(array):
    with pytest.raises(StoreContractError, match="malformed BSON"):
        open_batch([array])


@pytest.mark.parametrize("mark", ["_id", "_id\0", "\0\0\0\x07_id\0"])
def test_documents_are_found_whatever_looks_like_the_start_of_one(mark):
    texts = [mark.replace("\0", "") * (n % 3) for n in range(1_200)]
    docs = [
        {"_id": n, "cpf": str(n), "x": mark.encode() * (n % 3), "y": {"_id": n}, "tipo": text}
        for n, text in enumerate(texts)
    ]
    records = decode_documents(COMPRAS, open_batch([bson_array(map(bson.encode, docs))]))
    assert records.columns["cpf"].values.to_pylist() == [str(n) for n in range(1_200)]
    assert records.columns["tipo"].values.to_pylist() == texts


def test_documents_start_where_they_do_however_the_array_names_them():
    raws = [bson.encode({"_id": n, "cpf": str(n)}) for n in range(30)]
    elements = b"".join(b"\x03%b\0%b" % (b"n" * (n % 4), raw) for n, raw in enumerate(raws))
    records = decode_documents(COMPRAS, open_batch([(len(elements) + 5).to_bytes(4, "little") + elements + b"\0"]))
    assert records.columns["cpf"].values.to_pylist() == [str(n) for n in range(30)]


def test_a_field_that_is_there_twice_is_of_a_wrong_type_and_the_first_is_where_the_index_has_it():
    """Whose the document is, nobody knows: MongoDB's index has it by the first CPF, ``bson.decode`` takes the last."""
    element = b"\x02cpf\0\x02\0\0\0%c\0"
    raw = _document(element % b"1" + b"\x0ax\0" + element % b"2")
    assert bson.decode(raw) == {"cpf": "2", "x": None}
    batch = open_batch([bson_array([raw, bson.encode({"cpf": "3"}), raw])])
    cpf = decode_documents(COMPRAS, batch).columns["cpf"]
    assert cpf.values.to_pylist() == [None, "3", None]
    assert cpf.has(Defect.WRONG_TYPE).tolist() == [True, False, True]
    assert decode_texts(batch, locate_fields(batch, ["cpf"])["cpf"]).to_pylist() == ["1", "3", "1"]


def test_documents_of_many_fields_are_read_as_those_of_few():
    docs = [{f"campo_{i}": i for i in range(n)} | {"cpf": str(n), "valor": n} | {"fim": None} for n in range(55, 75)]
    twice = _document(b"\x0ax\0" * 100 + b"\x02cpf\0\x02\0\0\0001\0" * 2)
    batch = open_batch([bson_array([*map(bson.encode, docs), twice])])
    fields = locate_fields(batch, ["cpf", "valor", "ausente"])
    assert decode_texts(batch, fields["cpf"]).to_pylist() == [*map(str, range(55, 75)), "1"]
    assert fields["valor"].types.tolist() == [INT32] * 20 + [ABSENT]
    assert fields["cpf"].repeated.tolist() == [False] * 20 + [True]
    assert not fields["ausente"].types.any()


def test_a_document_of_half_a_million_fields_takes_seconds():
    """Each step over one field used to copy all that was left of the document: 16 MB of them took hours."""
    raw = _document(b"\x0acpf\0" * 500_000)
    started = time.process_time()
    fields = locate_fields(open_batch([bson_array([raw, raw])]), ["_id", "cpf"])
    assert time.process_time() - started < 20
    assert fields["cpf"].repeated.all()


@pytest.mark.parametrize("tail", [b"\x02a\0\xff\xff\xff\x7fx\0", b"\x14a\0", b"\x0ba\0sem fim", b"\x08a\0", b"\x01"])
def test_damage_behind_many_fields_is_a_typed_error(tail):
    with pytest.raises(StoreContractError):
        locate_fields(open_batch([bson_array([_document(b"\x0ax\0" * 100 + tail)])]), ["cpf"])


def test_every_document_may_have_its_own_field_order_and_names():
    docs = [{**{f"campo_{n}_{i}": i for n in range(i % 5)}, "valor": i, "cpf": str(i)} for i in range(60)]
    docs += [{"cpf": str(i), "longo" * 20: {"cpf": "x"}, "valor": i} for i in range(60, 70)]
    fields = locate_fields(open_batch([bson_array(bson.encode(doc) for doc in docs)]), ["cpf", "valor"])
    assert (fields["cpf"].types == 2).all()
    assert (fields["valor"].types == 0x10).all()


def test_deprecated_types_are_skipped_by_their_length():
    deprecated = b"\x06u\0" + b"\x0cp\0\x02\0\0\0a\0" + b"x" * 12 + b"\x0es\0\x02\0\0\0b\0"
    records = decode_documents(
        COMPRAS, open_batch([bson_array([_document(deprecated + b"\x02cpf\0\x02\0\0\0" + b"7\0")])])
    )
    assert records.columns["cpf"].values.to_pylist() == ["7"]


def test_no_documents_and_empty_documents():
    assert len(decode_documents(COMPRAS, open_batch([]))) == 0
    records = decode_documents(COMPRAS, open_batch([bson_array([bson.encode({})] * 3)]))
    assert records.columns["valor"].values.to_pylist() == [None] * 3
    assert records.keys.to_pylist() == [None] * 3


def test_nested_fields_of_a_wanted_name_do_not_count():
    doc = {"_id": uuid.uuid4().hex, "a": {"cpf": "1", "data_compra": datetime(2025, 1, 1)}, "b": [{"cpf": "2"}]}
    records = decode_documents(COMPRAS, open_batch([bson_array([bson.encode(doc)])]))
    assert records.columns["cpf"].values.to_pylist() == [None]
