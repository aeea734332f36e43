"""``build_features``: nothing later leaks in, nothing but the facts changes a bit, wrong input is named."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import DataIntegrityError
from contracts.reference_date import cutoff_utc
from contracts.tables import FORBIDDEN_INPUTS, TABLES_BY_NAME
from features.build import build_features
from features.catalog import FEATURES, FEATURES_SCHEMA

AS_OF = date(2025, 6, 30)
CUTOFF = cutoff_utc(AS_OF)
ENDS = {"divida": "baixada_em", "fonte_de_renda": "encerrada_em", "bem": "alienado_em"}
CHILDREN = ("divida", "fonte_de_renda", "bem", "consultas", "movimentacoes", "compras")
CPF = "52998224725"


def bits(table: pa.Table) -> bytes:
    """The table as the lake holds it: equal only if every bit of every value is."""
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="lz4")
    return bytes(sink.getvalue())


def later_record(rng: random.Random, make_record: Any, name: str, *, cpf: str) -> dict[str, Any]:
    """A record of this person that was known only from the cutoff on."""
    record = make_record(rng, name, cpf=cpf, as_of=AS_OF)
    known_at = TABLES_BY_NAME[name].known_at
    assert known_at is not None
    record[known_at] = CUTOFF + timedelta(microseconds=rng.choice((0, 1, rng.randrange(10**14))))
    if name in ENDS and record[ENDS[name]] is not None:
        record[ENDS[name]] = max(record[ENDS[name]], record[known_at])
    return record


@pytest.fixture(scope="module")
def rows(make_rows: Any) -> Any:
    return make_rows(77, clients=150, as_of=AS_OF)


@pytest.fixture(scope="module")
def built(rows: Any, make_tables: Any) -> pa.Table:
    return build_features(make_tables(rows), AS_OF)


def test_result_has_the_declared_schema_and_is_sorted(built: pa.Table) -> None:
    assert built.schema == FEATURES_SCHEMA
    assert built["cpf"].to_pylist() == sorted(built["cpf"].to_pylist())


def test_every_feature_has_values_and_gaps_in_the_random_population(built: pa.Table) -> None:
    """Guards the other tests: equality of columns that are all null would prove nothing."""
    for feature in FEATURES:
        column = built[feature.name]
        assert column.null_count < len(column), feature.name
        assert len(set(column.to_pylist())) > 1, feature.name
        assert column.null_count > 0 or feature.family == "perfil", feature.name


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_records_after_the_date_change_no_bit(  # noqa: PLR0917 - hypothesis values, then fixtures
    seed: int, count: int, rows: Any, built: pa.Table, make_record: Any, make_tables: Any
) -> None:
    rng = random.Random(seed)
    people = [client["cpf"] for client in rows["cliente"]]
    with_later = {name: list(found) for name, found in rows.items()}
    for _ in range(count):
        name = rng.choice(CHILDREN)
        with_later[name].append(later_record(rng, make_record, name, cpf=rng.choice(people)))
    assert bits(build_features(make_tables(with_later), AS_OF)) == bits(built)


def test_a_whole_bulk_of_later_records_and_clients_changes_no_bit(
    rows: Any, built: pa.Table, make_rows: Any, make_record: Any, make_tables: Any
) -> None:
    rng = random.Random(5)
    people = [client["cpf"] for client in rows["cliente"]]
    with_later = {name: list(found) for name, found in rows.items()}
    for name in CHILDREN:
        with_later[name] += [later_record(rng, make_record, name, cpf=rng.choice(people)) for _ in range(1500)]
    newcomers = make_rows(78, clients=100, as_of=AS_OF)
    strangers = {c["cpf"] for c in newcomers["cliente"]} - set(people)
    for name, found in newcomers.items():
        with_later[name] += [record for record in found if record["cpf"] in strangers]
    for client in with_later["cliente"]:
        if client["cpf"] in strangers:
            client["registrado_em"] = CUTOFF
    assert bits(build_features(make_tables(with_later), AS_OF)) == bits(built)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_end_after_the_date_is_as_good_as_none(seed: int, rows: Any, built: pa.Table, make_tables: Any) -> None:
    """A debt paid, an income ended or an asset sold at or after the cutoff was open at the cutoff."""
    rng = random.Random(seed)
    altered = dict(rows)
    for name, end in ENDS.items():
        altered[name] = [dict(record) for record in rows[name]]
        for record in altered[name]:
            if record[end] is None or record[end] >= CUTOFF:
                record[end] = rng.choice((None, CUTOFF, CUTOFF + timedelta(days=rng.randrange(900))))
    assert bits(build_features(make_tables(altered), AS_OF)) == bits(built)


def test_an_earlier_date_from_a_later_snapshot_gives_the_same_bits(rows: Any, make_tables: Any) -> None:
    """The snapshot of a date holds no later row and no later end; a newer snapshot must say the same of it."""
    earlier = date(2024, 12, 31)
    cutoff = cutoff_utc(earlier)
    snapshot: dict[str, list[dict[str, Any]]] = {}
    for name, found in rows.items():
        known_at, end = TABLES_BY_NAME[name].known_at, ENDS.get(name)
        kept = [dict(record) for record in found if known_at is None or record[known_at] < cutoff]
        for record in kept:
            if end is not None and record[end] is not None and record[end] >= cutoff:
                record[end] = None
        snapshot[name] = kept
    assert bits(build_features(make_tables(snapshot), earlier)) == bits(build_features(make_tables(rows), earlier))


def test_order_of_rows_chunks_and_threads_change_no_bit(rows: Any, built: pa.Table, make_tables: Any) -> None:
    rng = random.Random(11)
    tables = {}
    for name, table in make_tables(rows).items():
        order = list(range(table.num_rows))
        rng.shuffle(order)
        shuffled = table.take(pa.array(order, pa.int64()))
        pieces = [shuffled.slice(start, 17) for start in range(0, shuffled.num_rows, 17)]
        tables[name] = pa.concat_tables(pieces) if pieces else shuffled
    for threads in (None, 1, 2, 7):
        assert bits(build_features(tables, AS_OF, threads=threads)) == bits(built)


def test_ranges_one_by_one_equal_the_whole(rows: Any, built: pa.Table, make_tables: Any) -> None:
    """Also that nobody's features depend on who else is in the tables."""
    people = sorted(client["cpf"] for client in rows["cliente"])
    borders = [people[0], people[3], people[40], people[90], "~"]
    parts = []
    for lower, upper in pairwise(borders):
        piece = {n: [r for r in found if lower <= r["cpf"] < upper] for n, found in rows.items()}
        parts.append(build_features(make_tables(piece), AS_OF))
    assert bits(pa.concat_tables(parts)) == bits(built)


def test_several_calls_at_once_from_several_threads(rows: Any, built: pa.Table, make_tables: Any) -> None:
    tables = make_tables(rows)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: build_features(tables, AS_OF, threads=1), range(6)))
    assert {bits(result) for result in results} == {bits(built)}


def test_forbidden_columns_change_no_bit(rows: Any, built: pa.Table, make_tables: Any) -> None:
    """Whatever stands in them, or whether they are there at all; extra columns are not read either."""
    rng = random.Random(3)
    tables = make_tables(rows)
    clients = tables["cliente"]
    for column in ("sexo", "estado_civil"):
        values = pa.array([rng.choice(("X", "viúvo", None)) for _ in range(clients.num_rows)], pa.string())
        clients = clients.set_column(clients.column_names.index(column), column, values)
    for column in set(FORBIDDEN_INPUTS) - set(clients.column_names):
        clients = clients.append_column(column, pa.array([rng.choice("abc") for _ in range(clients.num_rows)]))
    purchases = tables["compras"]
    purchases = purchases.append_column("produto", pa.array(["remédio"] * purchases.num_rows))
    altered = {**tables, "cliente": clients, "compras": purchases}
    assert bits(build_features(altered, AS_OF)) == bits(built)
    without = {**tables, "cliente": tables["cliente"].drop_columns(["sexo", "estado_civil"])}
    assert bits(build_features(without, AS_OF)) == bits(built)


def one_client(**tables: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    client = {
        "cpf": CPF, "id": "um", "data_nascimento": date(1980, 7, 1), "sexo": None, "estado_civil": None, "uf": "SP",
        "registrado_em": datetime(2020, 1, 1), "atualizado_em": datetime(2020, 1, 1),
    }  # fmt: skip
    return {"cliente": [client], "pessoa": [], **{name: [] for name in CHILDREN}, **tables}


def a_debt(due: date, *, paid: datetime | None = None, known: datetime = datetime(2021, 1, 1)) -> dict[str, Any]:
    return {
        "cpf": CPF, "id": f"{due}{paid}", "cliente_id": "um", "empresa": "Banco", "valor_centavos": 12345,
        "vencimento": due, "registrada_em": known, "baixada_em": paid,
    }  # fmt: skip


def only_row(tables: Any) -> dict[str, Any]:
    (row,) = build_features(tables, AS_OF).to_pylist()
    assert isinstance(row, dict)
    return row


def test_nobody_is_a_result_of_no_rows(make_tables: Any) -> None:
    rows = {**one_client(), "cliente": []}
    result = build_features(make_tables(rows), AS_OF)
    assert (result.num_rows, result.schema) == (0, FEATURES_SCHEMA)


def test_a_client_of_whom_nothing_is_known_has_no_data_and_no_zeros(make_tables: Any) -> None:
    row = only_row(make_tables(one_client()))
    assert row["sem_dados"]
    assert {name for name, value in row.items() if value is not None} == {
        "cpf", "cliente_id", "sem_dados", "idade_anos", "uf",
    }  # fmt: skip
    assert row["idade_anos"] == 44


@pytest.mark.parametrize(
    "ignored",
    [
        {"divida": [a_debt(date(2020, 6, 29))]},
        {"consultas": [{"cpf": CPF, "empresa": "-", "tipo_empresa": "titular", "data_consulta": datetime(2025, 6, 1)}]},
        {
            "consultas": [
                {"cpf": CPF, "empresa": "-", "tipo_empresa": "Titular ", "data_consulta": datetime(2025, 6, 1)}
            ]
        },
        {"compras": [{"cpf": CPF, "data_compra": CUTOFF - timedelta(days=365, microseconds=1), "valor_centavos": 1}]},
    ],
    ids=["prescribed", "own", "own, spelt otherwise", "older than a year"],
)
def test_what_may_feed_nothing_is_not_even_data(ignored: Any, make_tables: Any) -> None:
    row = only_row(make_tables(one_client(**ignored)))
    assert row == only_row(make_tables(one_client()))


def test_a_debt_exactly_five_years_past_due_still_counts(make_tables: Any) -> None:
    row = only_row(make_tables(one_client(divida=[a_debt(date(2020, 6, 30))])))
    assert not row["sem_dados"]
    assert (row["dividas_vencidas_qtd"], row["dividas_abertas_valor"]) == (1, 123.45)
    assert row["dividas_atraso_maximo_dias"] == 1826


def test_a_debt_paid_after_the_date_is_open_and_one_paid_before_it_is_not(make_tables: Any) -> None:
    last = CUTOFF - timedelta(microseconds=1)
    opened = only_row(make_tables(one_client(divida=[a_debt(AS_OF - timedelta(days=10), paid=CUTOFF)])))
    paid = only_row(make_tables(one_client(divida=[a_debt(AS_OF - timedelta(days=10), paid=last)])))
    assert (opened["dividas_abertas_qtd"], opened["dividas_atraso_maximo_dias"]) == (1, 10)
    assert (paid["dividas_abertas_qtd"], paid["dividas_atraso_maximo_dias"]) == (0, 0)
    assert paid["dividas_pagas_com_atraso_365_dias_qtd"] == 1
    assert paid["dividas_sobre_renda"] is None


def test_a_debt_paid_before_local_midnight_of_its_due_date_is_on_time(make_tables: Any) -> None:
    due = date(2025, 3, 10)
    in_time = only_row(make_tables(one_client(divida=[a_debt(due, paid=datetime(2025, 3, 11, 2, 59, 59))])))
    too_late = only_row(make_tables(one_client(divida=[a_debt(due, paid=datetime(2025, 3, 11, 3))])))
    assert in_time["dividas_pagas_em_dia_proporcao"] == 1
    assert (too_late["dividas_pagas_em_dia_proporcao"], too_late["dividas_atraso_maximo_historico_dias"]) == (0, 1)


def test_one_off_income_is_known_but_brings_nothing_a_month(make_tables: Any) -> None:
    income = {
        "cpf": CPF, "id": "1", "tipo": "premio", "valor_centavos": 500, "frequencia": "unica",
        "registrada_em": datetime(2025, 1, 1), "encerrada_em": None,
    }  # fmt: skip
    row = only_row(make_tables(one_client(fonte_de_renda=[income])))
    assert (row["renda_mensal_valor"], row["renda_fontes_qtd"], row["renda_unica_365_dias_valor"]) == (0, 0, 5)
    assert row["renda_variacao_365_dias"] is None


def test_sums_of_the_largest_plausible_amounts_do_not_overflow(make_tables: Any) -> None:
    move = {"cpf": CPF, "tipo_movimentacao": "credito", "valor_centavos": 10**11}
    moves = [{**move, "data_movimentacao": CUTOFF - timedelta(days=d % 300 + 1)} for d in range(3000)]
    row = only_row(make_tables(one_client(movimentacoes=moves)))
    assert row["movimentacoes_credito_365_dias_valor"] == 3e12
    assert 0 < row["movimentacoes_credito_volatilidade"] < 1


def test_a_month_of_exactly_half_the_mean_is_regular_and_a_cent_less_is_not(make_tables: Any) -> None:
    for cents, regular in ((100, 2), (99, 1)):
        moves = [
            {"cpf": CPF, "tipo_movimentacao": "credito", "valor_centavos": value, "data_movimentacao": CUTOFF - age}
            for value, age in ((cents, timedelta(days=30)), (2300, timedelta(days=60)))
        ]
        row = only_row(make_tables(one_client(movimentacoes=moves)))
        assert row["movimentacoes_meses_credito_regular_qtd"] == regular


def test_missing_and_mistyped_columns_are_all_named(make_tables: Any) -> None:
    tables = make_tables(one_client())
    del tables["bem"]
    tables["divida"] = tables["divida"].drop_columns(["empresa"])
    money = tables["compras"].column_names.index("valor_centavos")
    tables["compras"] = tables["compras"].set_column(money, "valor_centavos", pa.array([], pa.float64()))
    with pytest.raises(DataIntegrityError) as caught:
        build_features(tables, AS_OF)
    assert str(caught.value).split("; ") == [
        "divida.empresa is missing",
        "table bem is missing",
        "compras.valor_centavos is double, not int64",
    ]


def test_a_frequency_that_the_lake_should_not_hold_stops_the_build(make_tables: Any) -> None:
    income = {
        "cpf": CPF, "id": "1", "tipo": "x", "valor_centavos": 500, "frequencia": "as vezes",
        "registrada_em": datetime(2025, 1, 1), "encerrada_em": None,
    }  # fmt: skip
    with pytest.raises(DataIntegrityError) as caught:
        build_features(make_tables(one_client(fonte_de_renda=[income])), AS_OF)
    assert CPF not in str(caught.value)
    assert "vezes" not in str(caught.value)


def test_no_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Any, make_tables: Any) -> None:
    monkeypatch.chdir(tmp_path)
    build_features(make_tables(rows), AS_OF)
    assert list(tmp_path.iterdir()) == []
