"""Income sources of the Berka files: recurring credits, as they could be known at the time.

A forward pass over each account's movements. A source is registered just after the third of three successive
monthly remittances of similar amount, and ended just after the movement that shows that two expected ones did
not come. No later movement changes a row that an earlier one made: cutting the file at a day gives the rows
known by that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from contracts.reference_date import add_months
from population.berka_people import Person, at_noon, berka_id
from population.berka_records import Movement

REMITTANCE = "collection from another bank"
"""Only money that another bank remits is an income: a deposit in cash does not say where it comes from."""

INCOME_KINDS = {"": "salario", "old-age pension": "aposentadoria"}
"""Purpose (``k_symbol``) of a remittance -> ``tipo``."""

DESCRIPTIONS = {
    "salario": "remessa mensal de outro banco",
    "aposentadoria": "aposentadoria remetida por outro banco",
}
CREDITS_TO_KNOW = 3
CREDITS_TO_MISS = 2
SIMILAR_RATIO = (5, 4)
"""Amounts are similar when the larger is at most 5/4 of the smaller; a bonus month (3/2) is not."""

GRACE_DAYS = 10
"""A monthly credit may come this many days before or after its monthly date."""

KNOWN_AFTER = timedelta(seconds=1)
"""A source is known just after the movement that reveals it."""


@dataclass(slots=True)
class _Source:
    """A registered source: its row and the last credit that belonged to it."""

    row: dict[str, Any]
    cents: int
    last: date

    @property
    def missed_after(self) -> date:
        return add_months(self.last, CREDITS_TO_MISS) + timedelta(days=GRACE_DAYS)


@dataclass(slots=True)
class _Stream:
    """One account's remittances of one kind: the source in force and the credits that may become the next."""

    tipo: str
    source: _Source | None = None
    candidates: list[Movement] = field(default_factory=list)

    def close_if_missed(self, movement: Movement) -> None:
        """End the source if a movement of the account comes after the second missed credit."""
        if self.source and movement.day > self.source.missed_after:
            self.source.row["encerrada_em"] = _known_after(movement)
            self.source = None

    def take(self, credit: Movement, owner: Person) -> dict[str, Any] | None:
        """Let a credit join the source in force; return the row of a source that it is the third to show."""
        if self.source and _are_similar((credit.cents, self.source.cents)):
            self.source.last = credit.day
            return None
        self.candidates = [*self.candidates, credit][-CREDITS_TO_KNOW:]
        if self.source or not _is_recurring(self.candidates):
            return None
        cents = sorted(movement.cents for movement in self.candidates)[CREDITS_TO_KNOW // 2]
        row = _source_row(credit, owner, tipo=self.tipo, cents=cents)
        self.source, self.candidates = _Source(row, cents, credit.day), []
        return row


def income_rows(movements: Iterable[Movement], owners: Mapping[int, Person]) -> list[dict[str, Any]]:
    """Return the rows of ``fonte_de_renda``.

    ``movements`` are in order of account, day and number; ``owners`` is account_id -> person.
    """
    return [
        row
        for account_id, of_account in groupby(movements, key=attrgetter("account_id"))
        for row in _rows_of_account(of_account, owners[account_id])
    ]


def income_kind(movement: Movement) -> str | None:
    """Return the ``tipo`` of source that a movement may belong to; None if it is no income."""
    if movement.is_credit and movement.operation == REMITTANCE and movement.cents > 0:
        return INCOME_KINDS.get(movement.purpose)
    return None


def _rows_of_account(movements: Iterable[Movement], owner: Person) -> Iterator[dict[str, Any]]:
    streams = {tipo: _Stream(tipo) for tipo in INCOME_KINDS.values()}
    for movement in movements:
        for stream in streams.values():
            stream.close_if_missed(movement)
        tipo = income_kind(movement)
        row = streams[tipo].take(movement, owner) if tipo else None
        if row:
            yield row


def _is_recurring(candidates: list[Movement]) -> bool:
    if len(candidates) < CREDITS_TO_KNOW:
        return False
    days = [movement.day for movement in candidates]
    return _are_similar(movement.cents for movement in candidates) and all(
        abs((later - add_months(earlier, 1)).days) <= GRACE_DAYS for earlier, later in pairwise(days)
    )


def _are_similar(cents: Iterable[int]) -> bool:
    amounts = sorted(cents)
    numerator, denominator = SIMILAR_RATIO
    return amounts[-1] * denominator <= amounts[0] * numerator


def _source_row(third: Movement, owner: Person, *, tipo: str, cents: int) -> dict[str, Any]:
    return {
        "id": berka_id("fonte_de_renda", third.account_id, third.trans_id),
        "cpf": owner.cpf,
        "tipo": tipo,
        "descricao": DESCRIPTIONS[tipo],
        "valor": cents,
        "frequencia": "mensal",
        "registrada_em": _known_after(third),
        "encerrada_em": None,
    }


def _known_after(movement: Movement) -> datetime:
    return at_noon(movement.day, movement.place) + KNOWN_AFTER
