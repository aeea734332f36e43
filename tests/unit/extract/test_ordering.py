"""The one order of records is that of all their columns, whichever of the ways to it is taken."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import COMPRAS, PESSOA
from extract.ordering import order_records
from tests.extract_samples import cpf_of

FIRST, LAST = datetime(1900, 1, 1), datetime(2200, 12, 31, 23, 59, 59)
CPFS = [cpf_of(n * 7_919) for n in range(1, 8_000)]

purchases = st.tuples(
    st.sampled_from(CPFS[:4]),
    st.sampled_from([FIRST, FIRST + timedelta(microseconds=1), datetime(2025, 1, 1), LAST]),
    st.integers(1, 2),
    st.booleans(),
)


def columns_of(rows: list[tuple[str, datetime, int, bool]]) -> pa.Table:
    texts = pa.nulls(len(rows), pa.string())
    cpfs, instants, cents, _ = zip(*rows, strict=True)
    table = {"cpf": pa.array(cpfs), "data_compra": pa.array(instants, pa.timestamp("us")), "valor_centavos": cents}
    return pa.table(table | dict.fromkeys(("bandeira_cartao", "tipo", "codigo_transacao"), texts))


@settings(deadline=None)
@given(st.lists(purchases, min_size=1, max_size=12))
def test_sound_records_are_ordered_by_every_column_and_repeats_are_told(rows):
    columns, sound = columns_of(rows), np.array([row[3] for row in rows])
    keys = pa.array([f"k{number:02d}" for number in range(len(rows))])
    order, repeated = order_records(COMPRAS, columns, keys, sound)
    assert order.tolist() == sorted(np.flatnonzero(sound), key=lambda row: (*rows[row][:3], row))
    seen: set[tuple[str, datetime, int]] = set()
    for row in order:
        assert repeated[row] == (rows[row][:3] in seen)
        seen.add(rows[row][:3])
    assert not repeated[~sound].any()


@pytest.mark.parametrize("span", [timedelta(days=3_650), LAST - FIRST])
@pytest.mark.parametrize("shuffled", [False, True])
def test_many_consumers_over_any_span_of_time(span, shuffled):
    chance = np.random.default_rng(1)
    rows = [(cpf, FIRST + span * float(chance.random()), 1, True) for cpf in CPFS]
    if shuffled:
        chance.shuffle(rows)
    order, repeated = order_records(
        COMPRAS, columns_of(rows), pa.array([str(n) for n in range(len(rows))]), np.ones(len(rows), dtype=bool)
    )
    assert [rows[row][:2] for row in order] == sorted(row[:2] for row in rows)
    assert not repeated.any()


def test_an_unsound_record_may_lack_anything():
    columns = pa.table({"cpf": ["x", None, CPFS[0]], "cliente_id": pa.array([None, "a", "b"])})
    columns = columns.append_column("atualizado_em", pa.nulls(3, pa.timestamp("us")))
    order, repeated = order_records(PESSOA, columns, pa.array(["1", "2", "3"]), np.array([False, False, True]))
    assert order.tolist() == [2]
    assert not repeated.any()
