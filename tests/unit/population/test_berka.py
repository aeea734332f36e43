import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from contracts.cpf import has_valid_digits
from contracts.table_declaration import Table
from contracts.tables import DIVIDA, MOVIMENTACOES, TABLES
from population.berka import BerkaTables, ImportSummary, read_berka, stored_table, write_berka
from population.raw_schema import CENTS, FORM, MoneyForm, raw_schema

EVENTS = ("consultas", "movimentacoes", "compras")
BERKA = Path(__file__).parents[3].parent / "shared" / "data" / "berka"


@pytest.fixture(scope="module")
def found() -> BerkaTables:
    if not BERKA.is_dir():
        pytest.skip(f"the Berka data is not at {BERKA}")
    return read_berka(BERKA)


def _lines(name: str) -> list[dict[str, str]]:
    with (BERKA / name).open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_money_is_decimal_in_the_relational_stores_and_a_double_in_base_c() -> None:
    debt = {
        "id": "1",
        "cliente_id": "2",
        "empresa": "x",
        "valor": 803_310,
        "vencimento": date(1998, 1, 1),
        "registrada_em": datetime(1997, 1, 1, 15),
        "baixada_em": None,
    }
    movement = {
        "_id": b"PKDT00000001",
        "cpf": "38742048982",
        "tipo_movimentacao": "debito",
        "data_movimentacao": datetime(1997, 1, 1, 15),
        "valor": 1_355,
        "descricao": None,
    }
    assert stored_table(DIVIDA, [debt])["valor"].to_pylist() == [Decimal("8033.10")]
    assert stored_table(MOVIMENTACOES, [movement]).select([CENTS, FORM]).to_pylist() == [
        {CENTS: 1_355, FORM: MoneyForm.DOUBLE}
    ]


@pytest.mark.shared_data
def test_every_client_and_every_instalment_becomes_a_row(found: BerkaTables) -> None:
    counts = {name: table.num_rows for name, table in found.tables.items()}
    assert counts["cliente"] == counts["pessoa"] == len(_lines("client.asc")) == 5_369
    assert counts["divida"] == sum(int(line["duration"]) for line in _lines("loan.asc"))
    assert counts["consultas"] == len(_lines("loan.asc")) + len(_lines("card.asc"))
    assert counts["bem"] == 0


@pytest.mark.shared_data
def test_every_movement_is_an_event_or_counted_as_left_out(found: BerkaTables) -> None:
    left_out = found.left_out["movements of zero"] + found.left_out["card withdrawals of zero"]
    events = found.tables["movimentacoes"].num_rows + found.tables["compras"].num_rows
    assert events + left_out == pq.read_metadata(BERKA / "trans.parquet").num_rows
    assert found.left_out["standing orders: they have no dates"] == len(_lines("order.asc"))


@pytest.mark.shared_data
def test_users_of_an_account_have_no_facts(found: BerkaTables) -> None:
    names = {f"Cliente {int(line['client_id']):05d}" for line in _lines("disp.asc") if line["type"] == "DISPONENT"}
    clients = found.tables["cliente"].to_pylist()
    users = {key for row in clients if row["nome"] in names for key in (row["id"], row["cpf"])}
    assert len(users) == 2 * len(names) == 2 * 869
    assert found.left_out["clients who only use an account: no facts of their own"] == len(names)
    assert users.isdisjoint(found.tables["divida"]["cliente_id"].to_pylist())
    assert all(users.isdisjoint(found.tables[name]["cpf"].to_pylist()) for name in ("fonte_de_renda", *EVENTS))


@pytest.mark.shared_data
def test_cpfs_are_valid_and_unique_and_link_the_stores(found: BerkaTables) -> None:
    cpfs = found.tables["cliente"]["cpf"]
    assert pc.all(has_valid_digits(cpfs)).as_py()
    assert len(cpfs.unique()) == len(cpfs)
    for name in ("pessoa", "fonte_de_renda", *EVENTS):
        assert pc.all(pc.is_in(found.tables[name]["cpf"], cpfs.combine_chunks())).as_py()


@pytest.mark.shared_data
def test_no_fact_is_older_than_its_client_nor_younger_than_the_files(found: BerkaTables) -> None:
    clients = found.tables["cliente"]
    known = dict(zip(clients["cpf"].to_pylist(), clients["registrado_em"].to_pylist(), strict=True))
    for name, instant in (("fonte_de_renda", "registrada_em"), ("movimentacoes", "data_movimentacao")):
        rows = found.tables[name]
        assert rows.num_rows
        for cpf, moment in zip(rows["cpf"].to_pylist(), rows[instant].to_pylist(), strict=True):
            assert known[cpf] <= moment < datetime(1999, 1, 1)


@pytest.mark.shared_data
def test_a_second_reading_gives_the_same_rows(found: BerkaTables) -> None:
    again = read_berka(BERKA)
    assert all(again.tables[table.name].equals(found.tables[table.name]) for table in TABLES)


@pytest.mark.shared_data
def test_incomes_known_by_a_day_come_from_the_movements_until_that_day(found: BerkaTables, tmp_path: Path) -> None:
    last = datetime(1994, 1, 20)
    for path in BERKA.glob("*.asc"):
        (tmp_path / path.name).symlink_to(path)
    pq.write_table(pq.read_table(BERKA / "trans.parquet", filters=[("date", "<=", last)]), tmp_path / "trans.parquet")
    cut = read_berka(tmp_path).tables["fonte_de_renda"]
    whole = found.tables["fonte_de_renda"]
    known = whole.filter(pc.less(whole["registrada_em"], pa.scalar(datetime(1994, 1, 21), pa.timestamp("us"))))
    assert 100 < cut.num_rows < whole.num_rows
    assert cut.drop_columns("encerrada_em").equals(known.drop_columns("encerrada_em"))
    assert set(cut["encerrada_em"].to_pylist()) == {None}


@pytest.mark.shared_data
def test_the_import_writes_every_table_and_reports_it(found: BerkaTables) -> None:
    written: dict[str, int] = {}
    reported: dict[str, int] = {}

    def write(table: Table, rows: pa.Table) -> None:
        assert rows.schema == raw_schema(table)
        written[table.name] = rows.num_rows

    summary = write_berka(found, write=write, progress=reported.__setitem__)
    assert summary == ImportSummary(written, found.left_out)
    assert reported == written
    assert list(written) == [table.name for table in TABLES]


@pytest.mark.shared_data
def test_no_two_events_are_equal_in_what_the_engine_reads(found: BerkaTables) -> None:
    for name in EVENTS:
        read = [field.name for field in found.tables[name].schema if field.name not in ("_id", "descricao", "produto")]
        assert found.tables[name].group_by(read).aggregate([]).num_rows == found.tables[name].num_rows, name
