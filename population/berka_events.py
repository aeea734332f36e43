"""Events of the Berka files: movements, card purchases and the bank's own consultations.

Amounts in Czech koruna are taken as reais one to one. A movement of zero is no event (``valor`` > 0) and is
counted; what the bank did (granting a loan, issuing a card) becomes a consultation on that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from population.berka_loans import BANK
from population.berka_people import Person, at_noon, berka_object_id
from population.berka_records import BerkaFiles, Card, Movement
from population.raw_schema import OBJECT_ID

CARD_WITHDRAWAL = "credit card withdrawal"
BANK_SECTOR = "banco"
PURCHASE_TYPE = "debito"
"""``tipo`` of a purchase: a Berka card takes the money from the account at once."""

OPERATIONS = {
    "credit in cash": "depósito em dinheiro",
    "collection from another bank": "recebimento de outro banco",
    "withdrawal in cash": "saque em dinheiro",
    "remittance to another bank": "remessa a outro banco",
}
PURPOSES = {
    "interest credited": "juros creditados",
    "payment for statement": "tarifa de extrato",
    "household": "despesas da casa",
    "loan payment": "prestação de empréstimo",
    "insurance payment": "seguro",
    "old-age pension": "aposentadoria",
    "sanction interest if negative balance": "juros por saldo negativo",
}


def movement_rows(movements: Iterable[Movement], owners: Mapping[int, Person]) -> list[dict[str, Any]]:
    """Return the documents of ``movimentacoes``: all movements above zero but card withdrawals."""
    return [
        {
            OBJECT_ID: berka_object_id("T", movement.trans_id),
            "cpf": owners[movement.account_id].cpf,
            "tipo_movimentacao": "credito" if movement.is_credit else "debito",
            "data_movimentacao": at_noon(movement.day, movement.place),
            "valor": movement.cents,
            "descricao": _description(movement),
        }
        for movement in movements
        if movement.cents > 0 and movement.operation != CARD_WITHDRAWAL
    ]


def purchase_rows(
    movements: Iterable[Movement], owners: Mapping[int, Person], cards: Mapping[int, tuple[Card, ...]]
) -> list[dict[str, Any]]:
    """Return the documents of ``compras``: card withdrawals above zero; ``cards`` is account_id -> its cards."""
    return [
        {
            OBJECT_ID: berka_object_id("T", movement.trans_id),
            "cpf": owners[movement.account_id].cpf,
            "data_compra": at_noon(movement.day, movement.place),
            "valor": movement.cents,
            "bandeira_cartao": _brand(cards.get(movement.account_id, ()), movement.day),
            "produto": None,
            "tipo": PURCHASE_TYPE,
            "codigo_transacao": str(movement.trans_id),
        }
        for movement in movements
        if movement.cents > 0 and movement.operation == CARD_WITHDRAWAL
    ]


def consultation_rows(files: BerkaFiles, owners: Mapping[int, Person]) -> list[dict[str, Any]]:
    """Return the documents of ``consultas``: the bank looks before it grants a loan or issues a card."""
    occasions = [(loan.account_id, loan.granted, "L", loan.loan_id) for loan in files.loans]
    for account_id, cards in cards_by_account(files).items():
        occasions += [(account_id, card.issued, "C", card.card_id) for card in cards]
    of_days = groupby(sorted(occasions), key=itemgetter(0, 1))
    return [
        {
            OBJECT_ID: berka_object_id(kind, number),
            "cpf": owners[account_id].cpf,
            "empresa": BANK,
            "tipo_empresa": BANK_SECTOR,
            "data_consulta": at_noon(day, place),
        }
        for (account_id, day), of_one_day in of_days
        for place, (_, _, kind, number) in enumerate(of_one_day)
    ]


def cards_by_account(files: BerkaFiles) -> dict[int, tuple[Card, ...]]:
    """Return account_id -> its owner's cards by day of issue; the cards of users are nobody's facts."""
    accounts = {d.disp_id: d.account_id for d in files.dispositions if d.is_owner}
    found: defaultdict[int, list[Card]] = defaultdict(list)
    for card in files.cards:
        if card.disp_id in accounts:
            found[accounts[card.disp_id]].append(card)
    return {
        account_id: tuple(sorted(cards, key=lambda c: (c.issued, c.card_id))) for account_id, cards in found.items()
    }


def _brand(cards: tuple[Card, ...], day: date) -> str | None:
    issued = [card.brand for card in cards if card.issued <= day]
    return issued[-1] if issued else None


def _description(movement: Movement) -> str | None:
    words = [OPERATIONS.get(movement.operation), PURPOSES.get(movement.purpose)]
    return ": ".join(word for word in words if word) or None
