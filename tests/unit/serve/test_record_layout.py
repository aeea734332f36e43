"""What the writer packs column by column, the reader unpacks value by value: the same score, by id and by CPF."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.score_scale import SCORES_SCHEMA
from serve.published.key_layout import (
    Pointer,
    client_prefix,
    cpf_prefix,
    generation_of,
    locate,
    read_client_id,
    read_masked_digits,
    read_record,
)
from serve.published.person_hash import PersonHash
from serve.published.run_info import GenerationInfo
from serve.publishing.bulk_hset import encode_commands
from serve.publishing.record_encoding import encode_records, entries_by_client, entries_by_cpf
from tests.score_samples import CODES, make_run, make_scores

HASHES = PersonHash(b"k" * 32)
RUN = uuid.UUID(int=7)


def commands_of(stream: bytes) -> list[list[bytes]]:
    """Parse RESP arrays of bulk strings, strictly."""
    commands, at = [], 0
    while at < len(stream):
        end = stream.index(b"\r\n", at)
        assert stream[at : at + 1] == b"*"
        words, at = [], end + 2
        for _ in range(int(stream[stream.rindex(b"*", 0, end) + 1 : end])):
            end = stream.index(b"\r\n", at)
            assert stream[at : at + 1] == b"$"
            size = int(stream[at + 1 : end])
            words.append(stream[end + 2 : end + 2 + size])
            assert stream[end + 2 + size : end + 4 + size] == b"\r\n"
            at = end + 4 + size
        commands.append(words)
    return commands


def written(scores: pa.Table, *, buckets: int) -> dict[str, dict[bytes, bytes]]:
    """Return the hashes that the commands of a table would leave in Redis."""
    records = encode_records(scores, CODES)
    parts = [(client_prefix(RUN), entries_by_client(scores, records, HASHES))]
    parts += [(cpf_prefix(RUN), entries) for entries in entries_by_cpf(scores, records, HASHES)]
    kept: dict[str, dict[bytes, bytes]] = {}
    for prefix, entries in parts:
        for stream, count in encode_commands(entries, prefix=prefix, buckets=buckets):
            commands = commands_of(stream)
            assert len(commands) == count
            for name, key, *pairs in commands:
                assert name == b"HSET"
                kept.setdefault(key.decode(), {}).update(zip(pairs[::2], pairs[1::2], strict=True))
    return kept


@pytest.mark.parametrize("text_ids", [False, True])
@pytest.mark.parametrize("buckets", [1, 7, 1000])
def test_every_score_reads_back(text_ids, buckets):
    scores = make_scores(120, text_ids=text_ids)
    kept = written(scores, buckets=buckets)
    assert sum(map(len, kept.values())) == 240
    for row in scores.to_pylist():
        by_client, by_cpf = HASHES.of_client(row["cliente_id"]), HASHES.of_cpf(row["cpf"])
        key, field = locate(by_client, client_prefix(RUN), buckets)
        from_id = kept[key][field]
        key, field = locate(by_cpf, cpf_prefix(RUN), buckets)
        from_cpf = kept[key][field]
        assert read_masked_digits(from_id, by_client) == row["cpf"][3:9]
        assert read_client_id(from_cpf, by_cpf) == row["cliente_id"]
        assert read_record(from_id) == read_record(from_cpf)
        packed = read_record(from_id)
        assert (packed.score, packed.status) == (row["score"], row["status"])
        assert (packed.band, packed.probability) == (row["faixa"], row["probabilidade"])
        reasons = [{"codigo": CODES[number], "pontos": points} for number, points in packed.reasons]
        assert reasons == row["motivos"]


def test_a_sliced_and_chunked_table_gives_the_same_bytes():
    whole = make_scores(60)
    chunked = pa.concat_tables([make_scores(60).slice(0, 13), make_scores(60).slice(13)])
    assert np.array_equal(encode_records(whole, CODES), encode_records(chunked, CODES))
    sliced = pa.concat_tables([make_scores(60).slice(40)])
    assert np.array_equal(encode_records(whole, CODES)[40:], encode_records(sliced, CODES))
    assert written(whole.slice(40), buckets=3) == written(sliced, buckets=3)


def test_an_empty_table_writes_nothing():
    assert written(SCORES_SCHEMA.empty_table(), buckets=3) == {}


def test_a_code_without_a_text_is_refused():
    with pytest.raises(DataIntegrityError, match="code"):
        encode_records(make_scores(20), CODES[:1])


def test_a_score_without_a_band_is_refused():
    scores = make_scores(5)
    bands = pa.array([None] * 5, pa.string())
    with pytest.raises(DataIntegrityError, match="band"):
        encode_records(scores.set_column(5, SCORES_SCHEMA.field("faixa"), bands), CODES)


def test_an_id_too_long_for_the_pad_is_refused():
    scores = make_scores(1)
    long_ids = scores.set_column(0, SCORES_SCHEMA.field("cliente_id"), pa.array(["x" * 37]))
    with pytest.raises(DataIntegrityError, match="36"):
        list(entries_by_cpf(long_ids, encode_records(long_ids, CODES), HASHES))


def test_another_key_names_persons_otherwise():
    other = PersonHash(b"o" * 32)
    assert HASHES.of_cpf("52998224725") != other.of_cpf("52998224725")
    assert HASHES.of_cpf("52998224725") != HASHES.of_client("52998224725")
    assert HASHES.subject_by_cpf("52998224725") != HASHES.subject_by_client("52998224725")


def test_pointer_and_generation_names():
    pointer = Pointer(uuid.UUID(int=1), uuid.UUID(int=2))
    assert Pointer.decode(pointer.encode()) == pointer
    assert Pointer.decode(Pointer(uuid.UUID(int=1), None).encode()).previous is None
    assert len({generation_of(uuid.UUID(int=n)) for n in range(1000)}) == 1000
    marked = Pointer(uuid.UUID(int=1), uuid.UUID(int=2), "", "k1f0c22ab")
    assert Pointer.decode(marked.encode()) == marked
    assert [marked.mark_of(uuid.UUID(int=n)) for n in (1, 2, 3)] == ["", "k1f0c22ab", ""]
    assert generation_of(uuid.UUID(int=1), "k1f0c22ab") != generation_of(uuid.UUID(int=1))


def test_a_generation_tells_its_key_and_one_of_an_earlier_version_tells_none():
    info = GenerationInfo(make_run(), 3, "k1f0c22ab")
    assert GenerationInfo.decode(info.encode()).key_id == "k1f0c22ab"
    earlier = GenerationInfo(make_run(), 3)
    assert b"chave" not in earlier.encode()
    assert GenerationInfo.decode(earlier.encode()).key_id is None
