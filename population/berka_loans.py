"""Loans of the Berka files as ``divida``: one row an instalment, known from the grant.

A loan's status speaks of the end of 1998, so it decides one thing only, ``baixada_em`` of instalments that
had fallen due by then, and never before their due date: until it falls due, an instalment that will be paid
and one that will not are the same row to whoever asks as of a date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from contracts.reference_date import add_months
from population.berka_people import Person, at_noon, berka_id
from population.berka_records import Loan

BANK = "Banco Berka"
OBSERVED_UNTIL = date(1998, 12, 31)
"""The day that loan statuses speak of; nothing later is known."""

UNPAID_STATUSES = frozenset("BD")
"""B: contract over, loan not paid. D: contract running, client in debt."""

UNPAID_INSTALMENTS = 6
"""The files do not say which instalments a B or D loan left unpaid; ours: the last six due by the end of 1998,
half a year, so that the oldest is more than 90 days late by then."""


def due_dates(loan: Loan) -> tuple[date, ...]:
    """Return the loan's due dates, monthly from one month after the grant to the end of the contract.

    >>> due_dates(Loan(1, 1, date(1993, 7, 31), 3, 100_00, "A"))[1]
    datetime.date(1993, 9, 30)
    """
    return tuple(add_months(loan.granted, number) for number in range(1, loan.months + 1))


def paid_instalments(loan: Loan) -> int:
    """Return how many of the first instalments were paid by the end of 1998, each on its due date."""
    due = sum(day <= OBSERVED_UNTIL for day in due_dates(loan))
    return max(due - UNPAID_INSTALMENTS, 0) if loan.status in UNPAID_STATUSES else due


def debt_rows(loans: Iterable[Loan], owners: Mapping[int, Person]) -> list[dict[str, Any]]:
    """Return the rows of ``divida``; ``owners`` is account_id -> person."""
    return [row for loan in loans for row in _instalments(loan, owners[loan.account_id])]


def _instalments(loan: Loan, owner: Person) -> list[dict[str, Any]]:
    paid = paid_instalments(loan)
    return [
        {
            "id": berka_id("divida", loan.loan_id, number),
            "cliente_id": owner.cliente_id,
            "empresa": BANK,
            "valor": loan.instalment_cents,
            "vencimento": day,
            "registrada_em": at_noon(loan.granted),
            "baixada_em": at_noon(day) if number <= paid else None,
        }
        for number, day in enumerate(due_dates(loan), start=1)
    ]
