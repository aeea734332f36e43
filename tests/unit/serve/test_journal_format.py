"""A journal's bytes: every whole record is found again, whatever became of those around it."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.auditing.journal_format import (
    Follows,
    encode_entry,
    encode_header,
    first_instant,
    read_header,
    scan,
    seed_of,
)
from tests.audit_samples import MOMENT, entry, subject

SEGMENT = UUID("0197be22-2c00-7000-8000-000000000001")
SEED = seed_of(SEGMENT)
RECORDS = [encode_entry(entry(number, subjects=1 + number % 3), SEED) for number in range(12)]
WHOLE = b"".join(RECORDS)


def numbers(payloads: list[bytes]) -> list[int]:
    return [int(json.loads(payload)[5][1:]) for payload in payloads]


def test_a_record_gives_back_the_entry():
    [payload] = scan(
        encode_entry(entry(7, subjects=2, titular=True, resultado=404), SEED), SEED, Follows.NOTHING
    ).payloads
    assert json.loads(payload) == [
        1767323045678901,
        "banco-teste",
        "/clientes/{cliente_id}/score",
        "concessao_de_credito",
        404,
        "r000007",
        True,
        [subject(7), subject(8)],
    ]


def test_a_header_says_which_segment_this_is():
    data = encode_header(SEGMENT, MOMENT)
    header = read_header(data + WHOLE)
    assert header is not None
    assert (header.id, header.started, header.size, header.seed) == (SEGMENT, MOMENT, len(data), SEED)
    assert [read_header(data[:size]) for size in range(len(data))] == [None] * len(data)


def test_a_tail_torn_at_any_byte_costs_that_record_alone():
    """A kill or a full disk in the middle of the last write: what came before is whole, what is left is no record."""
    before = len(WHOLE) - len(RECORDS[-1])
    for size in range(before, len(WHOLE)):
        found = scan(WHOLE[:size], SEED, Follows.NOTHING)
        assert numbers(found.payloads) == list(range(11))
        assert (found.size, found.damaged, found.tail) == (before, 0, size - before)


def test_what_the_writer_has_not_ended_yet_is_left_for_later():
    for size in range(len(WHOLE) + 1):
        found = scan(WHOLE[:size], SEED, Follows.THE_WRITER)
        assert (found.damaged, found.tail) == (0, 0)
        assert found.size == sum(map(len, RECORDS[: len(found.payloads)])) <= size


def test_a_piece_cut_anywhere_and_its_rest_give_all_records():
    for size in range(len(WHOLE) + 1):
        first = scan(WHOLE[:size], SEED, Follows.MORE)
        rest = scan(WHOLE[first.size :], SEED, Follows.NOTHING)
        assert numbers(first.payloads + rest.payloads) == list(range(12))
        assert first.damaged + rest.damaged + rest.tail == 0


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 700), st.binary(max_size=40) | st.just(b"\0" * 300))
def test_damage_in_the_middle_costs_only_what_it_touches(start, length, garbage):
    """A block of zeros or of another file, as a disk may leave it after the power went."""
    end = min(start + length, len(WHOLE))
    found = scan(WHOLE[:start] + garbage + WHOLE[end:], SEED, Follows.NOTHING)
    place, untouched = 0, []
    for number, record in enumerate(RECORDS):
        if place + len(record) <= start or place >= end:
            untouched.append(number)
        place += len(record)
    assert set(untouched) <= set(numbers(found.payloads)) <= set(range(12))
    assert found.size + found.tail == len(WHOLE) - (end - start) + len(garbage)


@given(st.binary(max_size=300))
def test_garbage_is_no_record(garbage):
    assert scan(garbage, SEED, Follows.NOTHING).payloads == []
    assert read_header(garbage) is None


def test_a_record_of_another_segment_is_none_of_this_one():
    """Blocks of a deleted file can come back in a new one."""
    found = scan(WHOLE, SEED + 1, Follows.NOTHING)
    assert (found.payloads, found.tail) == ([], len(WHOLE))


@pytest.mark.parametrize("text", ["banco\x00", "\ud800", "a\x1e00000001", "é ção 🙂", "\n", '"],["'])
def test_any_text_is_kept_in_a_form_that_postgresql_takes(text):
    data = encode_entry(entry(1, consulente=text, finalidade=text), SEED)
    assert data.count(b"\x1e") == data.count(b"\n") == 1
    [payload] = scan(data, SEED, Follows.NOTHING).payloads
    kept = json.loads(payload)[1]
    assert kept == text or not {"\x00", "\ud800"}.isdisjoint(text)
    assert "\x00" not in kept.encode().decode()


def test_a_thousand_persons_fit_and_a_hundred_thousand_are_refused():
    assert len(encode_entry(entry(0, subjects=1000), SEED)) < 50_000
    with pytest.raises(ValueError, match="audit record"):
        encode_entry(entry(0, subjects=100_000), SEED)


def test_the_age_of_a_record_is_read_without_the_rest_of_it():
    assert first_instant(RECORDS[0][:60]) == MOMENT
    assert [first_instant(data) for data in (b"", b"\x1e", b"x" * 60, WHOLE[3:])] == [None] * 4
