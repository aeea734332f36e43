"""Base A under any other database: the same queries through an ordinary cursor, here on SQLite."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from contracts.errors import StoreUnavailableError
from contracts.extraction import CpfRange
from contracts.tables import CLIENTE, DIVIDA
from extract import base_a
from extract.checking import check_clients, check_records
from extract.first_data import first_date_if_later
from extract.partitions import plan_ranges

AS_OF = date(2025, 6, 30)
SCHEMA = (
    "CREATE TABLE cliente (id TEXT, cpf TEXT, nome TEXT, data_nascimento DATE, sexo TEXT, estado_civil TEXT,"
    " uf TEXT, registrado_em TIMESTAMP, atualizado_em TIMESTAMP)",
    "CREATE TABLE divida (id TEXT, cliente_id TEXT, empresa TEXT, valor NUMERIC, vencimento DATE,"
    " registrada_em TIMESTAMP, baixada_em TIMESTAMP)",
)
CLIENTS = [("c1", "52998224725"), ("c2", "11144477735"), ("sem", None), ("abc", "ABC"), ("52998224725", "00000000000")]
DEBTS = [("d1", "c1", "10.50"), ("d2", "sem", "1"), ("d3", "ninguem", "1"), ("d4", None, "1"), ("d5", "c2", None)]


@pytest.fixture
def engine(tmp_path):
    created = sa.create_engine(f"sqlite:///{tmp_path}/base_a.db")
    with created.begin() as connection:
        for statement in SCHEMA:
            connection.exec_driver_sql(statement)
        for key, cpf in CLIENTS:
            connection.exec_driver_sql(
                "INSERT INTO cliente VALUES (?, ?, 'x', '1980-01-31', NULL, NULL, 'SP', ?, ?)",
                (key, cpf, "2025-01-01 10:00:00.250000", "2025-01-01 10:00:00.000000"),
            )
        for key, client, value in DEBTS:
            connection.exec_driver_sql(
                "INSERT INTO divida VALUES (?, ?, 'x', ?, '2025-02-01', '2025-01-01 10:00:00.000000', NULL)",
                (key, client, value),
            )
    yield created
    created.dispose()


def checked(records):
    clients, index = check_clients(records["cliente"], as_of=AS_OF)
    return clients, check_records(records["divida"], index, as_of=AS_OF)


def test_a_range_gives_the_same_tables_as_anywhere(engine):
    clients, debts = checked(base_a.read_range(engine, CpfRange(0, None, None)))
    assert clients.table["registrado_em"].to_pylist() == [datetime(2025, 1, 1, 10, 0, 0, 250000)] * 2
    assert debts.table.select(["cpf", "id", "valor_centavos"]).to_pylist() == [
        {"cpf": "52998224725", "id": "d1", "valor_centavos": 1050}
    ]
    assert debts.counts.rejected == {"campo_ausente": 1}
    rejects = {row["regra"]: row["chave"] for row in clients.rejects.to_pylist()}
    assert rejects["cpf_malformado"] == "abc"
    assert rejects["cpf_digito_verificador"].startswith("sha256:")


@pytest.mark.parametrize("key", ["ção" * 8, "x" * 37, "a\0b"])
def test_an_id_that_cannot_be_published_refuses_its_client_and_no_other(engine, key):
    """36 accented letters fit varchar(36) and not the 36 bytes of a published record; PostgreSQL takes no NUL."""
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cliente SET id = ? WHERE id = 'c1'", (key,))
        connection.exec_driver_sql("UPDATE divida SET cliente_id = ? WHERE cliente_id = 'c1'", (key,))
    clients, debts = checked(base_a.read_range(engine, CpfRange(0, None, None)))
    assert clients.table["id"].to_pylist() == ["c2"]
    [refused] = [row for row in clients.rejects.to_pylist() if row["regra"] == "valor_fora_do_dominio"]
    assert "\0" not in refused["chave"]
    assert debts.counts.ignored == {"titular_rejeitado": 1}


def test_strays_are_clients_without_a_cpf_and_debts_without_a_client(engine):
    clients, debts = checked(base_a.read_strays(engine))
    assert clients.counts.rejected == {"campo_ausente": 1}
    assert debts.counts.rejected == {"orfao": 1, "campo_ausente": 1}
    assert debts.counts.ignored == {"titular_rejeitado": 1}
    assert clients.table.num_rows == debts.table.num_rows == 0


def test_a_malformed_cpf_is_never_a_bound_and_every_cpf_lies_in_one_range(engine):
    ranges = plan_ranges(engine, range_size=1)
    assert [r.upper for r in ranges[:-1]] == [r.lower for r in ranges[1:]]
    assert all(len(r.lower) == 11 and r.lower.isdigit() for r in ranges[1:])
    assert sum(len(base_a.read_range(engine, r)["cliente"]) for r in ranges) == len(CLIENTS) - 1


def test_an_empty_base_is_one_unbounded_range(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM cliente")
    assert plan_ranges(engine, range_size=10) == (CpfRange(0, None, None),)
    clients, debts = checked(base_a.read_range(engine, CpfRange(0, None, None)))
    assert clients.counts.read == 0
    assert debts.table.num_rows == 0


def test_a_missing_table_is_an_error_of_the_engines_own(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE divida")
    with pytest.raises(StoreUnavailableError, match="sqlite") as caught:
        base_a.read_strays(engine)
    assert "SELECT" not in str(caught.value)


@pytest.mark.parametrize(
    ("known", "as_of", "first"),
    [
        ("2025-01-01 10:00:00", date(2025, 1, 1), None),
        ("2025-01-01 10:00:00", date(2024, 12, 31), date(2025, 1, 1)),
        ("2025-01-01 02:59:59", date(2024, 12, 31), None),  # 31 December in São Paulo
        ("2025-01-01 02:59:59", date(2024, 12, 30), date(2024, 12, 31)),
        ("0001-01-01 00:00:00", date(2024, 12, 31), None),  # a typing error tells of no date
        (None, date(2024, 12, 31), None),
    ],
)
def test_a_date_before_all_data_is_told_the_first_that_has_some(engine, known, as_of, first):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE cliente SET registrado_em = ?", (known and f"{known}.000000",))
        connection.exec_driver_sql("UPDATE divida SET registrada_em = ?", (known and f"{known}.000000",))
    assert [first_date_if_later(engine, table, as_of) for table in (CLIENTE, DIVIDA)] == [first, first]
