"""What is cut out of MongoDB's replies is what the driver's own raw batches hold, reply by reply."""

import pytest
from bson import decode_all
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from benchmarks.extraction import copied, raw_batches, reply_arrays
from benchmarks.extraction_peers import FLOOR, OURS, PANDAS, REPLIES, WORKS
from contracts.errors import StoreContractError, StoreUnavailableError
from contracts.extraction import CpfRange
from contracts.tables import COMPRAS
from extract import base_a, base_c
from extract.bson_walker import open_batch
from extract.mongo_replies import ReplyCursor, find_arrays
from extract.store_errors import reading_mongo
from tests.extract_samples import EARLIER, client, cpf_of, insert, sources_of

CPF = cpf_of(123456789)
EVERYBODY = CpfRange(0, None, None)
DOCUMENTS = [{"_id": n, "cpf": CPF, "data_compra": EARLIER, "valor": n + 0.5, "x": {"_id": 1}} for n in range(250)]


@pytest.fixture(scope="module")
def settings(make_installation):
    settings = make_installation("extract_respostas")
    insert(settings, {"cliente": [client("c1", CPF)], "compras": DOCUMENTS})
    return settings


@pytest.fixture(scope="module")
def sources(settings):
    with sources_of(settings) as opened:
        yield opened


def found(sources, query, **options):
    return find_arrays(sources.base_c, COMPRAS.name, query, {"cpf": 1, "valor": 1, "x": 1}, **options)


@pytest.mark.parametrize(("batch_size", "replies"), [(1_000, 1), (100, 3), (9, 28)])
def test_documents_of_every_reply_are_the_driver_s(sources, batch_size, replies):
    arrays = [bytes(array) for array in found(sources, {"cpf": CPF}, batch_size=batch_size)]
    assert len(arrays) == replies
    batch = open_batch(arrays)
    ours = b"".join(batch.data[start:end].tobytes() for start, end in zip(batch.starts, batch.ends, strict=True))
    theirs = b"".join(sources.base_c[COMPRAS.name].find_raw_batches({"cpf": CPF}, {"cpf": 1, "valor": 1, "x": 1}))
    assert sorted(decode_all(ours), key=lambda d: d["_id"]) == sorted(decode_all(theirs), key=lambda d: d["_id"])
    assert len(ours) == len(theirs)


def test_no_documents_give_no_arrays(sources):
    assert list(found(sources, {"cpf": "0"}, batch_size=10)) == []


def test_an_error_of_the_server_is_the_driver_s_to_tell(sources):
    with pytest.raises(StoreUnavailableError, match="OperationFailure"), reading_mongo(sources.base_c):
        list(found(sources, {"cpf": {"$nenhum": 1}}, batch_size=10))


def test_a_driver_that_unpacks_replies_otherwise_is_told(sources, monkeypatch):
    """The method that is overridden is not public: without it the driver's own form of a batch would be misread."""
    monkeypatch.delattr(ReplyCursor, "_unpack_response")
    with pytest.raises(StoreContractError, match="pymongo 4"):
        list(found(sources, {"cpf": CPF}, batch_size=10))


class Commands(CommandListener):
    """Notes the names of the commands that a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event) -> None:
        self.names.append(event.command_name)

    def succeeded(self, _event) -> None:
        """Note nothing."""

    def failed(self, _event) -> None:
        """Note nothing."""


def test_a_reading_that_fails_leaves_no_cursor_on_the_server(settings, monkeypatch):
    """Not even while its error is still looked at, whose traceback holds what was read."""

    def refuse(*_arguments):
        raise StoreContractError("MongoDB: a reply holds malformed BSON")

    monkeypatch.setattr(base_c, "BATCH_DOCUMENTS", 10)
    monkeypatch.setattr(base_c, "DECODED_BYTES", 1)
    monkeypatch.setattr(base_c, "decode_documents", refuse)
    commands = Commands()
    with MongoClient(settings.secret("base_c_url"), event_listeners=[commands]) as mongo:
        with pytest.raises(StoreContractError) as failure:
            base_c.read_range(mongo.get_default_database(), EVERYBODY, (COMPRAS,))
        assert "killCursors" in commands.names, failure
    assert "getMore" not in commands.names


def test_the_floor_of_the_benchmark_moves_the_same_rows(sources):
    assert raw_batches(sources, EVERYBODY) > 0
    assert reply_arrays(sources, EVERYBODY) > raw_batches(sources, EVERYBODY), "an array numbers its documents"
    assert copied(sources.base_a, base_a.range_queries(EVERYBODY), "text") > len(CPF)


def test_every_contender_of_the_benchmark_reads_the_same_rows(sources):
    found = {name: work(sources, [EVERYBODY]) for name, work in WORKS.items()}
    assert found[OURS] == found[PANDAS] == {"rows": 1 + len(DOCUMENTS)}
    assert 0 < found[FLOOR]["octets"] < found[REPLIES]["octets"]
