from datetime import date, datetime

import pytest

from population.berka_loans import OBSERVED_UNTIL, UNPAID_INSTALMENTS, debt_rows, due_dates, paid_instalments
from population.berka_people import Person, at_noon
from population.berka_records import Client, Loan

OWNER = Person(Client(1, date(1970, 12, 13), True, 2), "id-1", "38742048982", datetime(1993, 1, 1, 15))


def _loan(status: str, granted: date, months: int) -> Loan:
    return Loan(9, 7, granted, months, 803_300, status)


def test_instalments_fall_due_monthly_until_the_contract_ends() -> None:
    days = due_dates(_loan("A", date(1996, 1, 31), 12))
    assert days[:3] == (date(1996, 2, 29), date(1996, 3, 31), date(1996, 4, 30))
    assert days[-1] == date(1997, 1, 31)


@pytest.mark.parametrize(
    ("status", "granted", "months", "paid"),
    [
        ("A", date(1994, 1, 5), 24, 24),
        ("B", date(1994, 1, 5), 24, 24 - UNPAID_INSTALMENTS),
        ("C", date(1998, 1, 15), 36, 11),
        ("D", date(1998, 1, 15), 36, 11 - UNPAID_INSTALMENTS),
        ("D", date(1998, 8, 15), 36, 0),
        ("C", date(1998, 12, 8), 36, 0),
    ],
)
def test_status_decides_only_what_had_fallen_due(status: str, granted: date, months: int, paid: int) -> None:
    assert paid_instalments(_loan(status, granted, months)) == paid


@pytest.mark.parametrize("status", "ABCD")
def test_a_payment_is_known_on_the_due_date_and_never_before_nor_after_1998(status: str) -> None:
    granted = date(1996, 3, 10) if status in "AB" else date(1997, 3, 10)
    rows = debt_rows([_loan(status, granted, 24)], {7: OWNER})
    ends = [(row["vencimento"], row["baixada_em"]) for row in rows if row["baixada_em"]]
    assert ends
    assert all(end == at_noon(due) and due <= OBSERVED_UNTIL for due, end in ends)


def test_before_its_due_date_an_unpaid_instalment_looks_like_a_paid_one() -> None:
    good, bad = (debt_rows([_loan(status, date(1996, 3, 10), 24)], {7: OWNER}) for status in "AB")
    first_unpaid = next(row["vencimento"] for row in bad if row["baixada_em"] is None)

    def as_known(rows: list[dict], day: date) -> list[dict]:  # type: ignore[type-arg]
        limit = at_noon(day)
        return [{**row, "baixada_em": e if (e := row["baixada_em"]) and e < limit else None} for row in rows]

    assert as_known(good, first_unpaid) == as_known(bad, first_unpaid)
    assert as_known(good, date(1999, 1, 1)) != as_known(bad, date(1999, 1, 1))


def test_the_loan_is_known_from_its_grant_and_owed_by_the_owner() -> None:
    rows = debt_rows([_loan("B", date(1993, 7, 5), 12)], {7: OWNER})
    assert {row["registrada_em"] for row in rows} == {datetime(1993, 7, 5, 15)}
    assert {row["cliente_id"] for row in rows} == {"id-1"}
    assert {row["valor"] for row in rows} == {803_300}
    assert len({row["id"] for row in rows}) == 12
