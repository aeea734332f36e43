"""Rows gathered from many tables leave in Redis what the tables one by one would."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contracts.score_scale import SCORES_SCHEMA
from serve.published.person_hash import PersonHash
from serve.publishing.bulk_hset import encode_bucket_commands, encode_commands
from serve.publishing.entry_groups import GROUP_ROWS, EntryGroup
from tests.score_samples import CODES, make_scores

HASHES = PersonHash(b"k" * 32)
TABLES = [
    make_scores(40),
    make_scores(30, text_ids=True, first=200_000_000),
    make_scores(7, first=300_000_000),
    SCORES_SCHEMA.empty_table(),
]


def entries_of(*tables: pa.Table) -> list[tuple[str, int, bytes, bytes]]:
    group = EntryGroup()
    for table in tables:
        group.add(table, CODES, HASHES)
    assert group.rows == sum(map(len, tables))
    return [
        (kind, int(place), field.tobytes(), value.tobytes())
        for kind, parts in (("id", group.by_client()), ("cpf", group.by_cpf()))
        for part in parts
        for place, field, value in zip(part.places, part.fields, part.values, strict=True)
    ]


def test_a_group_holds_the_entries_of_all_its_tables():
    apart = [entry for table in TABLES for entry in entries_of(table)]
    assert sorted(entries_of(*TABLES)) == sorted(apart)
    assert len(apart) == 2 * 77


def test_an_empty_group_writes_nothing_and_is_not_full():
    assert entries_of() == []
    group = EntryGroup()
    group.rows = GROUP_ROWS
    assert group.is_full
    assert not EntryGroup().is_full


def test_rows_gathered_take_fewer_commands():
    def commands(*tables: pa.Table) -> int:
        group = EntryGroup()
        for table in tables:
            group.add(table, CODES, HASHES)
        parts = [*group.by_client(), *group.by_cpf()]
        return sum(count for part in parts for _, count in encode_commands(part, prefix="p:", buckets=5))

    uuids = make_scores(400)
    tables = [uuids.slice(start, 20) for start in range(0, 400, 20)]
    assert commands(*tables) == 10
    assert sum(commands(table) for table in tables) > 100


@pytest.mark.parametrize("numbers", [range(0), range(3), range(16**6 - 1, 16**6)])
def test_bucket_commands_name_every_bucket(numbers):
    stream = encode_bucket_commands(b"UNLINK", "x:i:", numbers)
    assert stream == b"".join(b"*2\r\n$6\r\nUNLINK\r\n$10\r\nx:i:%06x\r\n" % number for number in numbers)
