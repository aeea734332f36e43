"""A reply's documents are cut out whole, and the driver reads the rest as if there had been none."""

import bson
import pytest
from bson import Int64, ObjectId, Timestamp

from extract.mongo_replies import locate_batch, without_batch
from tests.extract_samples import bson_array

DOCUMENTS = [{"_id": ObjectId(), "cursor": {"firstBatch": [{"a": 1}]}, "n": n} for n in range(12)]


def reply(name: str, documents: list[dict[str, object]], **rest: object) -> dict[str, object]:
    cursor = {"partialResultsReturned": False, name: documents, "id": Int64(7), "ns": "base_c.compras"}
    head = {"operationTime": Timestamp(1, 2), "$clusterTime": {"signature": {"hash": b"x" * 20}}}
    return {**head, "cursor": cursor, "ok": 1.0, **rest}


@pytest.mark.parametrize("name", ["firstBatch", "nextBatch"])
@pytest.mark.parametrize("form", [bytes, lambda raw: memoryview(bytearray(raw))])
def test_documents_are_cut_out_and_nothing_else(name, form):
    raw = form(bson.encode(reply(name, DOCUMENTS, extra={"x": "y"})))
    place = locate_batch(raw)
    assert place is not None
    assert place.name == name
    assert bytes(raw[place.start : place.end]) == bson_array(map(bson.encode, DOCUMENTS))
    assert without_batch(raw, place) == bson.encode(reply(name, [], extra={"x": "y"}))


@pytest.mark.parametrize(
    "answer", [reply("firstBatch", []), {"ok": 0.0, "errmsg": "x", "code": 43}, {"cursor": {"id": Int64(0)}}, {}]
)
def test_replies_without_documents_are_left_to_the_driver(answer):
    assert locate_batch(bson.encode(answer)) is None


def test_replies_that_are_cut_off_are_left_to_the_driver():
    raw = bson.encode(reply("nextBatch", DOCUMENTS))
    for size in range(0, len(raw) - 60, 7):
        assert locate_batch(raw[:size]) is None
