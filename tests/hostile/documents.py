"""Hostile documents of every collection: each field with every value, twice, missing; and any mixture of these."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeAlias, TypeVar

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from contracts.table_declaration import Column, Kind, Store, Table
from contracts.tables import tables_of
from tests.hostile.bson_forms import (
    FORMS,
    NULL,
    Form,
    array,
    decimal,
    document,
    double,
    instant,
    int32,
    int64,
    nested,
    object_id,
    text,
)

Elements: TypeAlias = list[tuple[str, Form]]
T = TypeVar("T")
COLLECTIONS = tables_of(Store.C)
EXTRA_NAMES = ("", ".", "$", "$where", "$gt", "cpf.0", "a.b.c", "CPF", "cpf ", "__proto__", "\u202eatad", "x" * 5000)
"""Names that mean something elsewhere; the contract names none of them."""

NEAR_CUTOFF = 1_751_338_800_000
"""1 July 2025, 3h UTC, in milliseconds: where the reference date of the samples ends."""


def sound(table: Table, cpf: str, number: int) -> Elements:
    """Return a document without fault, unlike that of any other number, a minute apart within the last months."""
    at = NEAR_CUTOFF - 60_000 * (number + 1)
    values = {Kind.INSTANT: instant(at), Kind.MONEY: double(10 + number % 5000), Kind.TEXT: text(f"texto {number}")}
    fields = {column.name: values[column.kind] for column in table.columns}
    fields |= {column.name: text(column.domain[0]) for column in table.columns if column.domain}
    return [("_id", object_id(number + 1)), *(fields | {"cpf": text(cpf)}).items()]


def one_fault_each(table: Table, cpfs: Sequence[str], numbers: Iterator[int]) -> Iterator[bytes]:
    """Yield sound documents but for one field, which is missing, doubled or of any value."""
    for column in table.columns:
        for form in FORMS:
            whole = sound(table, *_next(cpfs, numbers))
            yield document([(name, form if name == column.name else value) for name, value in whole])
            whole = sound(table, *_next(cpfs, numbers))
            yield document([*whole, (column.name, form)])
            whole = sound(table, *_next(cpfs, numbers))
            yield document([(column.name, form), *whole])
        whole = sound(table, *_next(cpfs, numbers))
        yield document([(name, value) for name, value in whole if name != column.name])
    for name in EXTRA_NAMES:
        whole = sound(table, *_next(cpfs, numbers))
        yield document([whole[0], (name, text("{'$gt': ''}")), *whole[1:], (name, nested(3))])
    for form in FORMS:
        if form.type not in (0x04, 0x06, 0x0B):  # MongoDB takes no array, undefined or regular expression for a key
            yield document([("_id", form), *sound(table, *_next(cpfs, numbers))[1:]])


def mixtures(table: Table, cpfs: Sequence[str]) -> st.SearchStrategy[Elements]:
    """Return a strategy of documents whose fields are sound, hostile, missing or repeated, in any order.

    Their ``_id`` and their sound values are those of number 0.
    """
    whole = sound(table, cpfs[0], 0)[1:]
    fields = [_occurrences(table.column(name), value, cpfs) for name, value in whole]
    extra = st.lists(st.tuples(st.sampled_from(EXTRA_NAMES), any_form()), max_size=2)
    return (
        st.tuples(*fields, extra)
        .map(lambda parts: [element for part in parts for element in part])
        .flatmap(st.permutations)
    )


def any_form() -> st.SearchStrategy[Form]:
    """Return a strategy of values of any type: those of FORMS, numbers and texts at random, and lists of them."""
    flat = st.one_of(
        st.sampled_from(FORMS),
        st.floats().map(double),
        st.integers(-(2**31), 2**31 - 1).map(int32),
        st.integers(-(2**63), 2**63 - 1).map(int64),
        st.integers(-(2**63), 2**63 - 1).map(instant),
        st.decimals(allow_nan=True, places=3, min_value=-(10**12), max_value=10**12).map(lambda d: decimal(str(d))),
        st.binary(max_size=12).map(text),
        st.text(max_size=12).map(text),
    )
    return st.one_of(flat, st.lists(flat, max_size=3).map(array))


def _occurrences(column: Column, value: Form, cpfs: Sequence[str]) -> st.SearchStrategy[Elements]:
    ours = [value]
    if column.name == "cpf":
        ours = [text(cpf) for cpf in cpfs]
    if column.kind is Kind.INSTANT:
        ours += [instant(NEAR_CUTOFF), instant(NEAR_CUTOFF - 1), instant(NEAR_CUTOFF - 400 * 86_400_000)]
    ours += [text(word) for word in column.domain]
    good = st.sampled_from(ours)
    values = st.one_of(*[good] * 6, any_form(), st.just(NULL))
    return st.one_of(*[st.just(1)] * 9, st.integers(0, 3)).flatmap(
        lambda times: st.lists(values, min_size=times, max_size=times).map(
            lambda forms: [(column.name, form) for form in forms]
        )
    )


def gather(strategy: st.SearchStrategy[T], number: int, *, seed: int) -> list[T]:
    """Return that many values of a strategy, the same for the same seed, to be tried all at once."""
    found: list[T] = []

    @tries(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.just(seed))
    def collect(value: T, _seed: int) -> None:
        found.append(value)

    collect()
    return found


def mixed(table: Table, cpfs: Sequence[str], numbers: Iterator[int], *, count: int, seed: int) -> Iterator[bytes]:
    """Yield mixtures with keys of their own, for CPFs in turn, at random but for the seed."""
    chosen = random.Random(f"{seed} {table.name}")
    kinds = gather(mixtures(table, cpfs), max(count // 8, 1), seed=seed)
    for _ in range(count):
        number = next(numbers)
        left, right = chosen.choice(kinds), chosen.choice(kinds)
        cut = chosen.randrange(len(left) + 1)
        yield document([("_id", object_id(number + 1)), *left[:cut], *right[cut:]])


def _next(cpfs: Sequence[str], numbers: Iterator[int]) -> tuple[str, int]:
    number = next(numbers)
    return cpfs[number % len(cpfs)], number
