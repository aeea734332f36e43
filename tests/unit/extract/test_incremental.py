"""Events of a snapshot and a tail give what all of them would, on tables alone; erased persons leave only a number."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.extraction import CpfRange, Extraction
from contracts.reference_date import cutoff_utc
from contracts.table_declaration import Store
from contracts.tables import CLIENTE, COMPRAS, PESSOA, TABLES, TABLES_BY_NAME, tables_of
from extract.asides import records_in, restore_records, table_of
from extract.erased import Erased
from extract.event_changes import STRAY, places_of
from extract.extraction import check_extracted
from extract.incremental import Earlier, merge_events, repeats_cross
from extract.records import Decoded, Defect, Records, filter_records
from extract.watermark import is_read_anew
from tests.extract_samples import cpf_of

AS_OF = date(2025, 6, 30)
NEXT = AS_OF + timedelta(days=1)
OVERLAP = 3
SINCE = cutoff_utc(AS_OF) - timedelta(days=OVERLAP)
CPFS = [cpf_of(n * 1_000_003) for n in range(1, 6)]
CODES = ["x", "y", None]
OTHERS = [table for table in tables_of(Store.C) if table is not COMPRAS]

PURCHASES = st.lists(
    st.tuples(
        st.sampled_from([*CPFS, "123", None]),
        st.one_of(st.none(), st.integers(-24 * 500, 30)),
        st.sampled_from([150, -3, None]),
        st.sampled_from(CODES),
    ),
    max_size=25,
)


def empty(name: str) -> Records:
    table = TABLES_BY_NAME[name]
    columns = {c.name: Decoded(pa.nulls(0, c.arrow_field.type)) for c in table.read_columns}
    columns.setdefault("cpf", Decoded(pa.nulls(0, pa.string())))
    return Records(table, columns, pa.nulls(0, pa.string()))


def clients(cpfs: list[str]) -> Records:
    long_ago = datetime(2020, 1, 1)
    values = {
        "id": [f"c{cpf}" for cpf in cpfs],
        "cpf": cpfs,
        "data_nascimento": [date(1980, 1, 1)] * len(cpfs),
        "sexo": [None] * len(cpfs),
        "estado_civil": [None] * len(cpfs),
        "uf": ["SP"] * len(cpfs),
        "registrado_em": [long_ago] * len(cpfs),
        "atualizado_em": [long_ago] * len(cpfs),
    }
    columns = {c.name: Decoded(pa.array(values[c.name], c.arrow_field.type)) for c in CLIENTE.read_columns}
    return Records(CLIENTE, columns, columns["id"].values)


def purchases(rows: list[tuple], first_key: int = 0) -> Records:
    """Return purchases of (CPF, hours from the first cutoff, cents, code); no cents means a value of a wrong type."""
    count = len(rows)
    times = [None if hours is None else cutoff_utc(AS_OF) + timedelta(hours=hours) for _, hours, _, _ in rows]
    wrong = np.array([Defect.WRONG_TYPE if cents is None else Defect.NONE for _, _, cents, _ in rows], dtype=np.uint8)
    columns = {
        "cpf": Decoded(pa.array([row[0] for row in rows], pa.string())),
        "data_compra": Decoded(pa.array(times, pa.timestamp("us"))),
        "valor": Decoded(pa.array([row[2] for row in rows], pa.int64()), wrong if wrong.any() else None),
        "bandeira_cartao": Decoded(pa.nulls(count, pa.string())),
        "tipo": Decoded(pa.nulls(count, pa.string())),
        "codigo_transacao": Decoded(pa.array([row[3] for row in rows], pa.string())),
    }
    keys = [f"{(first_key + n) * 7919 % 104_729:024x}" for n in range(count)]
    return Records(COMPRAS, columns, pa.array(keys, pa.string()))


def check(events: Records, *, cpfs: list[str] = CPFS, as_of: date, erased: Erased | None = None, **other) -> Extraction:
    records = {table.name: empty(table.name) for table in TABLES}
    records |= {"cliente": clients(cpfs), "compras": events}
    return check_extracted(records, as_of=as_of, erased=erased, **other)


@settings(max_examples=60, deadline=None)
@given(old=PURCHASES, new=PURCHASES, gone=st.sets(st.integers(0, 24)), known=st.sets(st.sampled_from(CPFS)))
def test_a_snapshot_and_a_tail_are_judged_as_all_would_be(old, new, gone, known):
    """Consumers come to be known in between; young purchases go and come; older ones stay as they were."""
    first = purchases(old)
    snapshot = check(first, cpfs=sorted(known), as_of=AS_OF)
    young = is_read_anew(first, SINCE)
    kept = [row for n, row in enumerate(old) if not (young[n] and n in gone)]
    places = [n for n in range(len(old)) if not (young[n] and n in gone)]
    late = [row for row in new if row[1] is None or row[1] >= -24 * OVERLAP]
    arrived = purchases(late, first_key=1000)
    remaining = filter_records(first, np.isin(np.arange(len(old)), places))
    now = pa.concat_arrays([remaining.keys, arrived.keys])
    everything = Records(COMPRAS, purchases(kept + late).columns, now)
    tail = filter_records(everything, is_read_anew(everything, SINCE))
    earlier = Earlier(snapshot, {"compras": tail}, SINCE)
    full = check(everything, as_of=NEXT)
    if repeats_cross(earlier):
        return  # is read whole from the store
    merged = check(merge_events(earlier, OTHERS).records["compras"], as_of=NEXT)
    assert merged.tables["compras"].equals(full.tables["compras"])
    assert merged.counts == full.counts
    assert merged.heads == full.heads
    assert merged.rejects.to_pylist() == full.rejects.to_pylist()


def test_a_code_seen_before_the_tail_is_noticed():
    snapshot = check(purchases([(CPFS[0], -2000, 150, "x")]), as_of=AS_OF)
    same, other = purchases([(CPFS[0], 5, 10, "x")], 9), purchases([(CPFS[1], 5, 10, "x"), (CPFS[0], 5, 1, None)], 9)
    assert repeats_cross(Earlier(snapshot, {"compras": same}, SINCE))
    assert not repeats_cross(Earlier(snapshot, {"compras": other}, SINCE))


def test_records_set_aside_come_back_with_their_defects():
    rows = [(CPFS[0], 1, None, "x"), ("123", None, 5, None)]
    records = purchases(rows)
    back = records_in(COMPRAS, table_of(records))
    assert back.keys.equals(records.keys)
    assert {name: column.values for name, column in back.columns.items()} == {
        name: column.values for name, column in records.columns.items()
    }
    assert back.columns["valor"].defects.tolist() == [Defect.WRONG_TYPE, Defect.NONE]


def test_an_admitted_row_keeps_its_key_and_an_event_a_first_one():
    snapshot = check(purchases([(CPFS[0], 1, 150, "x")]), as_of=NEXT)
    restored = restore_records(CLIENTE, snapshot.tables["cliente"], snapshot.aside["cliente"])
    assert sorted(restored.keys.to_pylist()) == sorted(f"c{cpf}" for cpf in CPFS)
    events = restore_records(COMPRAS, snapshot.tables["compras"], snapshot.aside["compras"])
    assert events.keys.to_pylist() == [""]
    assert len(restore_records(PESSOA, snapshot.tables["pessoa"], None)) == 0


@pytest.mark.parametrize("hours", [-24 * 100, -24, 3])
def test_an_erased_person_is_counted_and_goes_nowhere(hours):
    erased = Erased(frozenset({f"h:{CPFS[1]}", f"h:c{CPFS[1]}"}), lambda cpf: f"h:{cpf}", lambda key: f"h:{key}")
    events = purchases([(CPFS[0], hours, 5, "a"), (CPFS[1], hours, 5, "b"), (CPFS[1], None, None, "c")])
    found = check(events, as_of=NEXT, erased=erased)
    assert found.counts["compras"].ignored.get("titular_apagado") == 2
    assert found.counts["cliente"].ignored == {"titular_apagado": 1}
    assert all(counts.difference == 0 for counts in found.counts.values())
    assert found.heads == check(events, as_of=NEXT).heads, "the store still holds them"
    for table in [*found.tables.values(), *found.aside.values()]:
        assert CPFS[1] not in table["cpf"].to_pylist()
    known = {"compras": 2}
    fewer = check(purchases([(CPFS[0], hours, 5, "a")]), as_of=NEXT, erased=erased, known_erased=known)
    assert fewer.counts["compras"] == found.counts["compras"]


def test_an_erased_person_is_known_by_a_cpf_written_in_another_way():
    erased = Erased(frozenset({f"h:{CPFS[1]}"}), lambda cpf: f"h:{cpf}", lambda key: f"h:{key}")
    written = f"{CPFS[1][:3]}.{CPFS[1][3:6]}.{CPFS[1][6:9]}-{CPFS[1][9:]}"
    found = check(purchases([(written, 1, 5, "a"), (CPFS[0], 1, 5, "b")]), as_of=NEXT, erased=erased)
    assert found.counts["compras"].ignored == {"titular_apagado": 1}
    assert found.aside["compras"].num_rows == 0


def test_places_are_the_ranges_that_the_stores_would_give():
    ranges = [CpfRange(0, None, "20"), CpfRange(1, "20", "5"), CpfRange(2, "5", None)]
    cpfs = ["", "1999", "20", "4z", "5", "abc", None]
    assert places_of(pa.array(cpfs), ranges).tolist() == [0, 0, 1, 1, 2, 2, STRAY]
    assert places_of(pa.array(cpfs), ranges[:1]).tolist() == [0, 0, 0, 0, 0, 0, STRAY]
