"""The same data gives the same bytes, whatever the order it lies in, the range plan, or what came later."""

import random
from datetime import timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import ObjectId

from contracts.extraction import TableCounts
from contracts.tables import TABLES
from extract.extraction import extract_range
from extract.partitions import plan_ranges
from tests.extract_samples import (
    AS_OF,
    CUTOFF,
    EARLIER,
    asset,
    client,
    cpf_of,
    debt,
    income,
    insert,
    person,
    sources_of,
)

CLIENTS = 60
CPFS = [cpf_of(7_000_003 * n + 11) for n in range(CLIENTS)]


def population() -> dict[str, list[dict[str, object]]]:
    chance = random.Random(7)
    rows: dict[str, list[dict[str, object]]] = {table.name: [] for table in TABLES}
    for number, cpf in enumerate(CPFS):
        key = f"c{number:03d}"
        rows["cliente"].append(client(key, cpf))
        rows["pessoa"].append(person(key, cpf))
        for n in range(chance.randrange(4)):
            rows["divida"].append(debt(f"d{number}-{n}", key, empresa=chance.choice("AB"), valor=chance.choice([5, 6])))
            rows["fonte_de_renda"].append(income(f"f{number}-{n}", cpf, tipo=chance.choice("AB")))
            rows["bem"].append(asset(f"b{number}-{n}", cpf, tipo=chance.choice("AB")))
        for n in range(8):
            when = EARLIER + timedelta(hours=chance.randrange(3))
            rows["consultas"].append({"cpf": cpf, "empresa": "X", "tipo_empresa": "loja", "data_consulta": when})
            rows["movimentacoes"].append(
                {"cpf": cpf, "tipo_movimentacao": "debito", "data_movimentacao": when, "valor": chance.randrange(1, 4)}
            )
            code = None if n < 4 else str(chance.randrange(3))
            rows["compras"].append({"cpf": cpf, "data_compra": when, "valor": 1.5, "codigo_transacao": code})
    for name in ("consultas", "movimentacoes", "compras"):
        for number, document in enumerate(rows[name], start=1):
            document["_id"] = ObjectId(f"{number:024x}")
    return rows


def later() -> dict[str, list[dict[str, object]]]:
    """Return what may become known after the reference date, with keys that sort before all others."""
    when = CUTOFF + timedelta(seconds=1)
    purchase = {"_id": ObjectId("0" * 24), "cpf": CPFS[0], "data_compra": when, "valor": 1.5, "codigo_transacao": "0"}
    return {
        "cliente": [client("a-tarde", cpf_of(123), registrado_em=CUTOFF)],
        "divida": [debt("a-tarde", "c003", registrada_em=when), debt("a-dele", "a-tarde", registrada_em=when)],
        "fonte_de_renda": [income("a-tarde", CPFS[1], registrada_em=when)],
        "bem": [asset("a-tarde", CPFS[1], registrado_em=when)],
        "compras": [purchase],
    }


@pytest.fixture(scope="module")
def two_installations(make_installation):
    """Two stores of the same records: in order, and shuffled with later ones among them."""
    ordered = population()
    mixed = {name: [*later().get(name, []), *rows] for name, rows in population().items()}
    shuffled = {name: random.Random(1).sample(rows, len(rows)) for name, rows in mixed.items()}
    settings = [make_installation(f"extract_ordem_{n}") for n in (1, 2)]
    insert(settings[0], ordered)
    insert(settings[1], shuffled)
    with sources_of(settings[0]) as in_order, sources_of(settings[1]) as mixed_up:
        yield [in_order, mixed_up]


def extract_all(sources, range_size):
    ranges = plan_ranges(sources.base_a, range_size=range_size)
    parts = [extract_range(sources, cpf_range, as_of=AS_OF) for cpf_range in ranges]
    tables = {t.name: pa.concat_tables([part.tables[t.name] for part in parts]) for t in TABLES}
    counts = {t.name: sum((part.counts[t.name] for part in parts), TableCounts()) for t in TABLES}
    return tables, counts, len(ranges)


def as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink)
    return sink.getvalue().to_pybytes()


def test_order_range_plan_and_later_records_leave_the_bytes_alone(two_installations):
    first, counts, ranges = extract_all(two_installations[0], 1000)
    other, other_counts, other_ranges = extract_all(two_installations[1], 7)
    assert (ranges, other_ranges) == (1, 9)
    for table in TABLES:
        assert as_bytes(first[table.name]) == as_bytes(other[table.name]), table.name
        assert counts[table.name].used == other_counts[table.name].used
        assert counts[table.name].rejected == other_counts[table.name].rejected
    assert counts["compras"].rejected["duplicado"] > 0
    assert counts["divida"].rejected["duplicado"] > 0
    assert other_counts["compras"].ignored == {"posterior_a_data_referencia": 1}


def test_records_are_in_the_one_order_of_all_their_columns(two_installations):
    tables, _, _ = extract_all(two_installations[1], 1000)
    for table in TABLES:
        first = ["cpf", *(table.column(name).lake_name for name in [table.known_at] if name)]
        others = [name for name in table.lake_schema.names if name not in (*first, table.key)]
        names = [*first, *others, *(name for name in [table.key] if name in table.lake_schema.names)]
        rows = [
            tuple((row[n] is None, row[n] if row[n] is not None else 0) for n in names)
            for row in tables[table.name].to_pylist()
        ]
        assert rows == sorted(rows)


@pytest.mark.parametrize("range_size", [1, 7, 59, 60, 61])
def test_ranges_are_contiguous_and_of_near_equal_size(two_installations, range_size):
    ranges = plan_ranges(two_installations[0].base_a, range_size=range_size)
    assert len(ranges) == -(-CLIENTS // range_size)
    assert [r.index for r in ranges] == list(range(len(ranges)))
    assert ranges[0].lower is None
    assert ranges[-1].upper is None
    assert all(left.upper == right.lower for left, right in pairwise(ranges))
    sizes = [sum((r.lower or "") <= cpf and (r.upper is None or cpf < r.upper) for cpf in CPFS) for r in ranges]
    assert sum(sizes) == CLIENTS
    assert max(sizes) - min(sizes) <= 1
