from datetime import date, datetime
from typing import Any

from population.berka_events import cards_by_account, consultation_rows, movement_rows, purchase_rows
from population.berka_loans import BANK
from population.berka_people import Person
from population.berka_records import BerkaFiles, Card, Client, Disposition, Loan, Movement

OWNER = Person(Client(1, date(1970, 12, 13), True, 2), "id-1", "38742048982", datetime(1993, 1, 1, 15))
OWNERS = {7: OWNER}
DAY = date(1997, 5, 12)


def _movement(**changed: Any) -> Movement:
    values = {
        "trans_id": 1,
        "account_id": 7,
        "day": DAY,
        "place": 0,
        "is_credit": False,
        "operation": "withdrawal in cash",
        "purpose": "",
        "cents": 100_50,
    }
    return Movement(**{**values, **changed})


def _card_withdrawal(**changed: Any) -> Movement:
    return _movement(operation="credit card withdrawal", **changed)


def _files(**changed: Any) -> BerkaFiles:
    empty: dict[str, Any] = dict.fromkeys(
        ("clients", "districts", "accounts", "dispositions", "loans", "cards", "movements"), ()
    )
    return BerkaFiles(**{**empty, "standing_orders": 0, **changed})


def test_a_movement_is_a_credit_or_a_debit_at_noon_of_its_day() -> None:
    credit, debit = movement_rows([_movement(is_credit=True), _movement()], OWNERS)
    assert (credit["tipo_movimentacao"], debit["tipo_movimentacao"]) == ("credito", "debito")
    assert credit["data_movimentacao"] == datetime(1997, 5, 12, 15)
    assert (credit["cpf"], credit["valor"]) == (OWNER.cpf, 100_50)


def test_equal_movements_of_a_day_stay_apart_by_a_second() -> None:
    first, second = movement_rows([_movement(place=0), _movement(place=1, trans_id=2)], OWNERS)
    assert (first["data_movimentacao"], second["data_movimentacao"]) == (
        datetime(1997, 5, 12, 15),
        datetime(1997, 5, 12, 15, 0, 1),
    )


def test_a_movement_is_described_by_what_the_files_say_of_it() -> None:
    rows = movement_rows(
        [_movement(), _movement(purpose="household"), _movement(operation="", purpose="interest credited")], OWNERS
    )
    assert [row["descricao"] for row in rows] == [
        "saque em dinheiro",
        "saque em dinheiro: despesas da casa",
        "juros creditados",
    ]
    assert movement_rows([_movement(operation="", purpose="")], OWNERS)[0]["descricao"] is None


def test_a_card_withdrawal_is_a_purchase_and_no_movement() -> None:
    assert movement_rows([_card_withdrawal()], OWNERS) == []
    assert purchase_rows([_movement()], OWNERS, {}) == []
    (row,) = purchase_rows([_card_withdrawal(trans_id=99)], OWNERS, {})
    assert (row["codigo_transacao"], row["valor"], row["tipo"]) == ("99", 100_50, "debito")


def test_zero_is_no_event() -> None:
    assert movement_rows([_movement(cents=0)], OWNERS) == []
    assert purchase_rows([_card_withdrawal(cents=0)], OWNERS, {}) == []


def test_the_brand_is_of_a_card_issued_by_then() -> None:
    cards = {7: (Card(1, 3, "junior", date(1997, 1, 1)), Card(2, 3, "gold", date(1998, 1, 1)))}
    days = (date(1996, 12, 31), date(1997, 1, 1), date(1997, 12, 31), date(1998, 1, 1))
    rows = purchase_rows([_card_withdrawal(day=day) for day in days], OWNERS, cards)
    assert [row["bandeira_cartao"] for row in rows] == [None, "junior", "junior", "gold"]


def test_the_bank_consults_before_a_loan_and_before_a_card() -> None:
    files = _files(
        dispositions=(Disposition(3, 1, 7, True),),
        loans=(Loan(9, 7, date(1995, 2, 1), 12, 100_00, "D"),),
        cards=(Card(1, 3, "gold", DAY), Card(2, 3, "gold", DAY)),
    )
    rows = consultation_rows(files, OWNERS)
    assert [row["data_consulta"] for row in rows] == [
        datetime(1995, 2, 1, 15),
        datetime(1997, 5, 12, 15),
        datetime(1997, 5, 12, 15, 0, 1),
    ]
    assert {(row["empresa"], row["tipo_empresa"]) for row in rows} == {(BANK, "banco")}


def test_a_users_card_is_no_fact_of_the_owner() -> None:
    files = _files(
        dispositions=(Disposition(3, 1, 7, True), Disposition(4, 2, 7, False)),
        cards=(Card(1, 4, "gold", DAY),),
    )
    assert cards_by_account(files) == {}
    assert consultation_rows(files, OWNERS) == []
