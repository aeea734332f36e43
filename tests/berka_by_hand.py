"""The Berka files read by hand: the documented mapping (docs/reference/berka.md) without the engine's code.

``ByHand`` reads the ``.asc`` and ``.parquet`` files row by row, counts in days and integer cents, and looks
only at what lies on or before the day that it is asked about.
"""

from __future__ import annotations

import csv
import random
from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pandas as pd

BERKA = Path(__file__).parents[1].parent / "shared" / "data" / "berka"

STATES = {
    "Prague": "DF",
    "central Bohemia": "GO",
    "south Bohemia": "PR",
    "west Bohemia": "MT",
    "north Bohemia": "PA",
    "east Bohemia": "BA",
    "south Moravia": "RS",
    "north Moravia": "MA",
}


class Instalment(NamedTuple):
    granted: date
    due: date
    cents: int
    is_paid: bool


class Entry(NamedTuple):
    day: date
    sign: int
    operation: str
    purpose: str
    cents: int


def _day(text: str) -> date:
    return date(1900 + int(text[0:2]), int(text[2:4]), int(text[4:6]))


def months_later(day: date, months: int) -> date:
    year, month = day.year, day.month + months
    while month > 12:
        year, month = year + 1, month - 12
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _rows(name: str) -> list[dict[str, str]]:
    with (BERKA / name).open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


class ByHand:
    """The files, and every feature compared, worked out one client and one day at a time."""

    def __init__(self) -> None:
        self.clients = {row["client_id"]: row for row in _rows("client.asc")}
        self.regions = {row["A1"]: row["A3"] for row in _rows("district.asc")}
        opened = {row["account_id"]: _day(row["date"]) for row in _rows("account.asc")}
        holders = _rows("disp.asc")
        self.known = {row["client_id"]: opened[row["account_id"]] for row in holders}
        self.account_of = {row["client_id"]: row["account_id"] for row in holders if row["type"] == "OWNER"}
        account_of_holder = {row["disp_id"]: row["account_id"] for row in holders if row["type"] == "OWNER"}
        self.loans = {row["account_id"]: row for row in _rows("loan.asc")}
        self.consultations: defaultdict[str, list[date]] = defaultdict(list)
        for account, loan in self.loans.items():
            self.consultations[account].append(_day(loan["date"]))
        for card in _rows("card.asc"):
            self.consultations[account_of_holder[card["disp_id"]]].append(_day(card["issued"][:6]))
        self.entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for row in pd.read_parquet(BERKA / "trans.parquet").sort_values(["date", "trans_id"]).itertuples():
            operation = row.operation if isinstance(row.operation, str) else ""
            entry = Entry(row.date.date(), 1 if row.type == "credit" else -1, operation, row.k_symbol, 0)
            self.entries[str(row.account_id)].append(entry._replace(cents=int(f"{row.amount:.2f}".replace(".", ""))))

    def instalments(self, account: str) -> list[Instalment]:
        if account not in self.loans:
            return []
        loan = self.loans[account]
        granted, cents = _day(loan["date"]), int(loan["payments"].replace(".", ""))
        days = [months_later(granted, number + 1) for number in range(int(loan["duration"]))]
        over = [day for day in days if day <= date(1998, 12, 31)]
        unpaid = over[-6:] if loan["status"] in "BD" else []
        return [Instalment(granted, day, cents, day in over and day not in unpaid) for day in days]

    def features(self, client: str, as_of: date) -> dict[str, Any]:
        account = self.account_of[client]
        born = self.clients[client]["birth_number"]
        month = int(born[2:4]) % 50
        birthday = date(1900 + int(born[:2]), month, int(born[4:]))
        facts = {
            **self.debts(account, as_of),
            **self.incomes(account, as_of),
            **self.movements(account, as_of),
            **self.purchases(account, as_of),
            **self.looks(account, as_of),
        }
        return {
            "sem_dados": all(value is None for value in facts.values()),
            "idade_anos": as_of.year - birthday.year - ((as_of.month, as_of.day) < (month, birthday.day)),
            "uf": STATES[self.regions[self.clients[client]["district_id"]]],
            **facts,
        }

    def debts(self, account: str, as_of: date) -> dict[str, Any]:
        oldest = as_of.replace(year=as_of.year - 5)
        known = [debt for debt in self.instalments(account) if debt.granted <= as_of and debt.due >= oldest]
        settled = [debt for debt in known if debt.is_paid and debt.due <= as_of]
        owed = [debt for debt in known if debt not in settled]
        late = [debt for debt in owed if debt.due < as_of]
        values = {
            "dividas_abertas_qtd": len(owed),
            "dividas_abertas_valor": sum(debt.cents for debt in owed) / 100,
            "dividas_vencidas_qtd": len(late),
            "dividas_vencidas_valor": sum(debt.cents for debt in late) / 100,
            "dividas_atraso_maximo_dias": max([(as_of - debt.due).days for debt in late], default=0),
            "dividas_vencidas_mais_90_dias_qtd": sum((as_of - debt.due).days > 90 for debt in late),
            "dividas_a_vencer_90_dias_valor": sum(d.cents for d in owed if 0 <= (d.due - as_of).days <= 90) / 100,
            "dividas_novas_365_dias_qtd": sum((as_of - debt.granted).days < 365 for debt in known),
            "dividas_dias_desde_ultima": min([a for d in known if (a := (as_of - d.granted).days) < 365], default=None),
            "dividas_pagas_em_dia_proporcao": 1.0 if settled else None,
        }
        return values if known else dict.fromkeys(values)

    def incomes(self, account: str, as_of: date) -> dict[str, Any]:
        sources = [s for purpose in ("", "old-age pension") for s in self._sources(account, purpose, as_of)]
        alive = [source for source in sources if not source["ended"]]
        values = {
            "renda_mensal_valor": sum(source["cents"] for source in alive) / 100 if alive else None,
            "renda_fontes_qtd": len(alive),
            "renda_antiguidade_dias": max([(as_of - source["since"]).days for source in alive], default=None),
        }
        return values if sources else dict.fromkeys(values)

    def _sources(self, account: str, purpose: str, as_of: date) -> list[dict[str, Any]]:
        """Return the sources seen by ``as_of``, from the entries until then alone."""
        seen = [entry for entry in self.entries[account] if entry.day <= as_of]
        sources: list[dict[str, Any]] = []
        pending: list[Entry] = []
        for entry in seen:
            alive = sources[-1] if sources and not sources[-1]["ended"] else None
            if alive and entry.day > months_later(alive["last"], 2) + timedelta(days=10):
                alive["ended"], alive = True, None
            if (entry.sign, entry.operation, entry.purpose) != (1, "collection from another bank", purpose):
                continue
            if alive and max(entry.cents, alive["cents"]) <= 1.25 * min(entry.cents, alive["cents"]):
                alive["last"] = entry.day
                continue
            pending = [*pending, entry][-3:]
            cents = [e.cents for e in pending]
            gaps = [abs((b.day - months_later(a.day, 1)).days) for a, b in pairwise(pending)]
            if not alive and len(pending) == 3 and max(cents) <= 1.25 * min(cents) and max(gaps) <= 10:
                sources.append({"since": entry.day, "last": entry.day, "cents": median(cents), "ended": False})
                pending = []
        return sources

    def movements(self, account: str, as_of: date) -> dict[str, Any]:
        year = [
            (entry, (as_of - entry.day).days)
            for entry in self.entries[account]
            if 0 <= (as_of - entry.day).days < 365 and entry.operation != "credit card withdrawal"
        ]
        entered, left = (
            {days: sum(e.cents for e, ago in year if e.sign == sign and ago < days) for days in (90, 365)}
            for sign in (1, -1)
        )
        values = {
            "movimentacoes_365_dias_qtd": len(year),
            "movimentacoes_credito_90_dias_valor": entered[90] / 100,
            "movimentacoes_credito_365_dias_valor": entered[365] / 100,
            "movimentacoes_debito_sobre_credito_90_dias": left[90] / entered[90] if entered[90] else None,
            "movimentacoes_debito_sobre_credito_365_dias": left[365] / entered[365] if entered[365] else None,
            "movimentacoes_dias_desde_ultimo_credito": min([ago for e, ago in year if e.sign == 1], default=None),
        }
        return values if year else dict.fromkeys(values)

    def purchases(self, account: str, as_of: date) -> dict[str, Any]:
        cents = [
            entry.cents
            for entry in self.entries[account]
            if 0 <= (as_of - entry.day).days < 365 and entry.operation == "credit card withdrawal"
        ]
        if not cents:
            return {"compras_365_dias_qtd": None, "compras_ticket_medio_valor": None}
        return {"compras_365_dias_qtd": len(cents), "compras_ticket_medio_valor": sum(cents) / (100 * len(cents))}

    def looks(self, account: str, as_of: date) -> dict[str, Any]:
        ago = [(as_of - day).days for day in self.consultations[account] if 0 <= (as_of - day).days < 365]
        if not ago:
            return {"consultas_365_dias_qtd": None, "consultas_dias_desde_ultima": None}
        return {"consultas_365_dias_qtd": len(ago), "consultas_dias_desde_ultima": min(ago)}

    def is_bad(self, client: str, as_of: date, until: date) -> bool:
        """Return whether an instalment due in (as_of, until] stayed unpaid; all are worth R$ 100 or more."""
        return any(as_of < debt.due <= until and not debt.is_paid for debt in self.instalments(self.account_of[client]))

    def sample(self) -> list[str]:
        """Return fifty owners whose account's history is whole: 15 bad loans, 15 good ones, 20 without a loan."""
        whole = {row["loan_id"] for row in _rows("loans_with_full_history.csv")}
        groups: dict[str, list[str]] = {"bad": [], "good": [], "none": []}
        for client, account in self.account_of.items():
            loan = self.loans.get(account)
            if loan and loan["loan_id"] in whole:
                groups["bad" if loan["status"] in "BD" else "good"].append(client)
            elif not loan and self.entries.get(account):
                groups["none"].append(client)
        chooser = random.Random(19990101)
        return [
            client
            for name, count in (("bad", 15), ("good", 15), ("none", 20))
            for client in chooser.sample(groups[name], count)
        ]
