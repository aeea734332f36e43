"""Thousands of hostile documents at once: each is used, left aside by a named rule or refused, and others untouched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

import pytest
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure

from contracts.extraction import CpfRange, Extraction
from contracts.settings import Settings
from extract.extraction import extract_range, extract_strays
from extract.sources import Sources
from serve.api.payload_models import UltimosEventos
from serve.app import create_app
from stores.connections import mongo_database
from tests.api_server import caller, running
from tests.extract_samples import AS_OF, client, cpf_of, insert
from tests.hostile.agreement import check, lines_of
from tests.hostile.bson_forms import Form, array, document, int32, nested, object_id, text
from tests.hostile.documents import COLLECTIONS, mixed, one_fault_each, sound
from tests.hostile.judgement import Judge, Judged, read_document
from tests.hostile.wire_server import serving

HELD = sorted(cpf_of(n) for n in (52_998_224, 111_444_777, 300_300_300, 700_800_900))
CALM = sorted(cpf_of(n) for n in (100_200_300, 500_600_700, 999_888_777))
NOBODY = cpf_of(123_123_123)
RANGES = [CpfRange(0, None, HELD[1]), CpfRange(1, HELD[1], HELD[2]), CpfRange(2, HELD[2], None)]
Collections = Mapping[str, Sequence[bytes]]


@pytest.fixture(scope="module")
def settings(make_installation) -> Settings:
    settings = make_installation("hostis")
    insert(settings, {"cliente": [client(f"c-{cpf}"[:13], cpf) for cpf in (*HELD, *CALM)]})
    return settings


def calm() -> dict[str, list[bytes]]:
    """Return documents of consumers whom no hostile one names."""
    return {
        table.name: [document(sound(table, CALM[n % len(CALM)], 900_000 + n)) for n in range(30)]
        for table in COLLECTIONS
    }


def hostile(number: int, *, seed: int) -> dict[str, list[bytes]]:
    """Return each fault by itself, and that many mixtures a collection."""
    numbers = count()
    return {
        table.name: [
            *one_fault_each(table, [*HELD, NOBODY], numbers),
            *mixed(table, [*HELD, NOBODY], numbers, count=number, seed=seed),
        ]
        for table in COLLECTIONS
    }


def extracted(sources: Sources) -> list[Extraction]:
    return [*(extract_range(sources, one, as_of=AS_OF) for one in RANGES), extract_strays(sources, as_of=AS_OF)]


def of_documents(sources: Sources, documents: Collections) -> list[Extraction]:
    """Extract the documents from a server that gives them out byte for byte."""
    with serving(documents) as url:
        database = mongo_database(url, timeout=10)
        try:
            return extracted(replace(sources, base_c=database))
        finally:
            database.client.close()


def judged(documents: Collections) -> dict[str, list[Judged]]:
    judge = Judge(AS_OF)
    for cpf in (*HELD, *CALM):
        judge.know_client(f"c-{cpf}"[:13], cpf)
    return {
        table.name: judge.judge(table, (read_document(table, raw) for raw in documents[table.name]))
        for table in COLLECTIONS
    }


def check_hostile(sources: Sources, number: int, *, seed: int) -> int:
    quiet, documents = calm(), hostile(number, seed=seed)
    undisturbed = of_documents(sources, quiet)
    both = {name: [*quiet[name], *documents[name]] for name in quiet}
    parts = of_documents(sources, both)
    check(parts, judged(both))
    assert lines_of(parts, COLLECTIONS, CALM) == lines_of(undisturbed, COLLECTIONS, CALM)
    return sum(map(len, documents.values()))


def test_every_type_in_every_field_byte_for_byte(sources):
    assert check_hostile(sources, 400, seed=1) > 5_000


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_hundred_thousand_mixtures(sources, seed):
    assert check_hostile(sources, 12_000, seed=seed) > 36_000


def stored(settings: Settings, documents: Collections) -> tuple[dict[str, list[bytes]], int]:
    """Insert documents into the embedded server; return what it then holds, and how many it refused.

    It decodes what it is sent and refuses what its library cannot hold: MongoDB would take more.
    """
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=10)
    refused = 0
    for name, raws in documents.items():
        collection = database.get_collection(name, codec_options=DEFAULT_RAW_BSON_OPTIONS)
        for start in range(0, len(raws), 500):
            refused += insert_some(collection, raws[start : start + 500])
    found = {name: database.get_collection(name, DEFAULT_RAW_BSON_OPTIONS).find() for name in documents}
    held = {name: [bytes(one.raw) for one in listed] for name, listed in found.items()}
    database.client.close()
    return held, refused


def insert_some(collection, raws: Sequence[bytes]) -> int:
    """Insert documents in as few messages as the server lets; return how many it refused."""
    try:
        collection.insert_many([RawBSONDocument(raw) for raw in raws], ordered=False)
    except BulkWriteError as error:
        return len(error.details["writeErrors"])
    except OperationFailure:  # one that it cannot decode spoils its whole message
        if len(raws) == 1:
            return 1
        half = len(raws) // 2
        return insert_some(collection, raws[:half]) + insert_some(collection, raws[half:])
    return 0


def test_what_the_embedded_server_takes_is_judged_as_it_holds_it(settings, sources):
    numbers = count(500_000)
    documents = {
        table.name: [*calm()[table.name], *mixed(table, [*HELD, NOBODY], numbers, count=250, seed=5)]
        for table in COLLECTIONS
    }
    held, refused = stored(settings, documents)
    total = sum(map(len, held.values()))
    assert refused < total, "most are what MongoDB would take"
    assert total > 400
    check(extracted(sources), judged(held))
    with running(create_app(settings)) as url, caller(url, settings) as client:
        for cpf in (*HELD, *CALM, NOBODY):
            answer = client.get(f"/clientes/{cpf}/consultar")
            assert answer.status_code == 200
            UltimosEventos.model_validate_json(answer.content)


def test_documents_at_the_limits_of_size_and_depth(sources):
    """16 MB of one text, of one field again and again, of a list; as deep as MongoDB lets, and deeper."""
    big = 16 * 2**20 - 400
    table = COLLECTIONS[1]
    numbers = count()

    def of(name: str, form: Form) -> bytes:
        number = next(numbers)
        return document([(n, form if n == name else v) for n, v in sound(table, HELD[number % 4], number)])

    documents = {one.name: [] for one in COLLECTIONS} | {
        table.name: [
            of("tipo_movimentacao", text("x" * big)),
            of("cpf", text("1" * big)),
            of("_id", text("y" * big)),
            of("valor", array([int32(1)] * 200_000)),
            of("cpf", array([text(HELD[0])] * 200_000)),
            *(of("valor", nested(depth)) for depth in (100, 180, 200, 5000)),
            *(of("cpf", nested(depth, in_arrays=True)) for depth in (100, 180, 200, 5000)),
            document([("_id", object_id(1)), *[("cpf", text(HELD[0]))] * 300_000]),
            document([("_id", object_id(2)), *sound(table, HELD[0], 99)[1:], *[("$where", int32(1))] * 300_000]),
        ]
    }
    check(of_documents(sources, documents), judged(documents))
