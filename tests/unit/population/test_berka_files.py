from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import DataIntegrityError, UsageError
from population.berka_files import COLUMNS, read_files
from population.berka_records import Card, Client, Loan, birth, short_date

FILES = {
    "client.asc": '"client_id";"birth_number";"district_id"\r\n1;"706213";2\r\n2;"450204";2\r\n',
    "district.asc": 'A1;A2;A3;A4\r\n2;"Benesov";"central Bohemia";88884\r\n',
    "account.asc": '"account_id";"district_id";"frequency";"date"\r\n7;2;"POPLATEK MESICNE";930101\r\n',
    "disp.asc": '"disp_id";"client_id";"account_id";"type"\r\n3;1;7;"OWNER"\r\n4;2;7;"DISPONENT"\r\n',
    "loan.asc": '"loan_id";"account_id";"date";"duration";"payments";"status"\r\n9;7;930705;12;8033.00;"B"\r\n',
    "card.asc": '"card_id";"disp_id";"type";"issued"\r\n5;3;"gold";"931107 00:00:00"\r\n',
    "order.asc": '"order_id";"account_id";"amount"\r\n1;7;100.00\r\n2;7;90.00\r\n',
}


def _write_folder(folder: Path, **changed: str) -> Path:
    for name, text in {**FILES, **{f"{name}.asc": text for name, text in changed.items()}}.items():
        (folder / name).write_bytes(text.encode())
    columns = {
        "trans_id": [2, 1],
        "account_id": [7, 7],
        "date": pa.array([datetime(1993, 2, 1), datetime(1993, 2, 1)], pa.timestamp("us")),
        "type": ["withdrawal", "credit"],
        "operation": [None, "credit in cash"],
        "amount": [13.55, 1100.0],
        "k_symbol": ["household", None],
    }
    pq.write_table(pa.table(columns), folder / "trans.parquet")
    return folder


def test_every_file_becomes_its_records(tmp_path: Path) -> None:
    found = read_files(_write_folder(tmp_path))
    assert found.clients[0] == Client(1, date(1970, 12, 13), True, 2)
    assert found.loans == (Loan(9, 7, date(1993, 7, 5), 12, 803_300, "B"),)
    assert found.cards == (Card(5, 3, "gold", date(1993, 11, 7)),)
    assert found.standing_orders == 2
    assert found.owners() == {7: 1}


def test_movements_come_in_order_of_number_with_exact_cents_and_no_nulls(tmp_path: Path) -> None:
    first, second = read_files(_write_folder(tmp_path)).movements
    assert (first.place, second.place) == (0, 1)
    assert (first.trans_id, first.is_credit, first.cents, first.purpose) == (1, True, 110_000, "")
    assert (second.trans_id, second.is_credit, second.cents, second.operation) == (2, False, 1_355, "")


def test_a_folder_without_the_files_is_refused_with_all_of_them_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        read_files(tmp_path)
    assert all(name in str(refusal.value) for name in COLUMNS)


def test_one_absent_file_is_the_only_one_named(tmp_path: Path) -> None:
    (_write_folder(tmp_path) / "loan.asc").unlink()
    with pytest.raises(UsageError, match=r"missing loan\.asc$"):
        read_files(tmp_path)


def test_missing_columns_of_all_files_are_told_together(tmp_path: Path) -> None:
    folder = _write_folder(tmp_path, loan="loan_id;account_id\r\n", card="card_id;disp_id;type\r\n")
    with pytest.raises(DataIntegrityError, match=r"loan\.asc lacks date.*card\.asc lacks issued"):
        read_files(folder)


def test_a_wrong_value_is_placed_by_file_and_line_and_not_shown(tmp_path: Path) -> None:
    folder = _write_folder(tmp_path, client='"client_id";"birth_number";"district_id"\r\n1;"709913";2\r\n')
    with pytest.raises(DataIntegrityError, match=r"client\.asc, line 2") as refusal:
        read_files(folder)
    assert "709913" not in str(refusal.value)


def test_an_unknown_loan_status_is_not_guessed(tmp_path: Path) -> None:
    folder = _write_folder(tmp_path, loan=FILES["loan.asc"].replace('"B"', '"E"'))
    with pytest.raises(DataIntegrityError, match=r"loan\.asc, line 2"):
        read_files(folder)


def test_links_to_nothing_are_told_together(tmp_path: Path) -> None:
    folder = _write_folder(
        tmp_path,
        loan=FILES["loan.asc"].replace("9;7;", "9;8;"),
        disp=FILES["disp.asc"].replace("OWNER", "DISPONENT"),
    )
    with pytest.raises(DataIntegrityError, match=r"1 accounts without an owner, 1 loans of an unknown account"):
        read_files(folder)


def test_a_womans_month_has_fifty_added() -> None:
    assert birth("455204") == (date(1945, 2, 4), True)
    assert birth("450204") == (date(1945, 2, 4), False)


@pytest.mark.parametrize("text", ["19930711", "9307", "931301", ""])
def test_what_is_not_yymmdd_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"YYMMDD|month"):
        short_date(text)
