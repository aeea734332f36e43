"""The records of the PKDD'99 "Berka" files, one dataclass a file, and how its dates are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

WOMAN_MONTH_OFFSET = 50
CENTURY = 1900
"""All dates of these files are YYMMDD in the 20th century."""


@dataclass(frozen=True, slots=True)
class Client:
    """A line of ``client.asc``, its ``birth_number`` decoded."""

    client_id: int
    birth_date: date
    is_woman: bool
    district_id: int


@dataclass(frozen=True, slots=True)
class District:
    """A line of ``district.asc``: its name and Czech region; the statistics about its people are not read."""

    district_id: int
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Account:
    """A line of ``account.asc``."""

    account_id: int
    opened: date


@dataclass(frozen=True, slots=True)
class Disposition:
    """A line of ``disp.asc``: who owns, or only uses, which account."""

    disp_id: int
    client_id: int
    account_id: int
    is_owner: bool


@dataclass(frozen=True, slots=True)
class Loan:
    """A line of ``loan.asc``; ``status`` speaks of the end of 1998."""

    loan_id: int
    account_id: int
    granted: date
    months: int
    instalment_cents: int
    status: str


@dataclass(frozen=True, slots=True)
class Card:
    """A line of ``card.asc``."""

    card_id: int
    disp_id: int
    brand: str
    issued: date


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of ``trans.parquet``; ``operation`` and ``purpose`` (``k_symbol``) are empty where not given.

    ``place`` tells apart the account's movements of one day: 0 for the one with the lowest number, then 1, ...
    """

    trans_id: int
    account_id: int
    day: date
    place: int
    is_credit: bool
    operation: str
    purpose: str
    cents: int


@dataclass(frozen=True, slots=True)
class BerkaFiles:
    """Everything that the import reads; ``movements`` are in order of account, day and number."""

    clients: tuple[Client, ...]
    districts: tuple[District, ...]
    accounts: tuple[Account, ...]
    dispositions: tuple[Disposition, ...]
    loans: tuple[Loan, ...]
    cards: tuple[Card, ...]
    movements: tuple[Movement, ...]
    standing_orders: int

    def owners(self) -> dict[int, int]:
        """Return account_id -> client_id of its owner."""
        return {d.account_id: d.client_id for d in self.dispositions if d.is_owner}


def short_date(text: str) -> date:
    """Return the day that YYMMDD names; ValueError if there is none.

    >>> short_date("930711")
    datetime.date(1993, 7, 11)
    """
    if len(text) != 6:
        raise ValueError("not YYMMDD")
    return date(CENTURY + int(text[:2]), int(text[2:4]), int(text[4:]))


def birth(number: str) -> tuple[date, bool]:
    """Return the birth date and whether a woman is meant: her month has 50 added.

    >>> birth("706213")
    (datetime.date(1970, 12, 13), True)
    """
    month = int(number[2:4])
    is_woman = month > WOMAN_MONTH_OFFSET
    plain_month = month - WOMAN_MONTH_OFFSET * is_woman
    return short_date(f"{number[:2]}{plain_month:02d}{number[4:]}"), is_woman
