"""The catalog against an independent reading: row by row, with Decimal, Fraction and datetime; equal exactly."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from features.build import build_features

ZONE = ZoneInfo("America/Sao_Paulo")
TIMES_A_YEAR = {
    "diaria": 360,
    "semanal": 52,
    "quinzenal": 26,
    "mensal": 12,
    "bimestral": 6,
    "trimestral": 4,
    "semestral": 2,
    "anual": 1,
    "unica": 0,
}
Record = dict[str, Any]


class Consumer:
    """Everything known of one consumer at the end of ``as_of`` in São Paulo."""

    def __init__(self, client: Record, rows: dict[str, list[Record]], as_of: date) -> None:
        self.client, self.as_of = client, as_of
        next_day = datetime.combine(as_of + timedelta(days=1), time(), tzinfo=ZONE)
        self.end = next_day.astimezone(UTC).replace(tzinfo=None)
        self.rows = {name: [r for r in found if r["cpf"] == client["cpf"]] for name, found in rows.items()}
        try:
            oldest = as_of.replace(year=as_of.year - 5)
        except ValueError:
            oldest = date(as_of.year - 5, 3, 1)  # five years from 28 February end on the 28th
        self.debts = [d for d in self.rows["divida"] if d["registrada_em"] < self.end and not d["vencimento"] < oldest]
        self.incomes = [r for r in self.rows["fonte_de_renda"] if r["registrada_em"] < self.end]
        self.assets = [b for b in self.rows["bem"] if b["registrado_em"] < self.end]
        self.moves = self.within(self.rows["movimentacoes"], "data_movimentacao", 365)
        self.purchases = self.within(self.rows["compras"], "data_compra", 365)
        self.looks = [
            c for c in self.within(self.rows["consultas"], "data_consulta", 365) if c["tipo_empresa"] != "titular"
        ]

    def within(self, records: list[Record], field: str, days: int, *, skip: int = 0) -> list[Record]:
        """Records of the ``days`` that end ``skip`` days before the cutoff."""
        newest = self.end - timedelta(days=skip)
        return [r for r in records if newest - timedelta(days=days) <= r[field] < newest]

    def is_open(self, record: Record, field: str) -> bool:
        return record[field] is None or record[field] >= self.end

    def days_late(self, debt: Record) -> int:
        last = self.as_of
        if not self.is_open(debt, "baixada_em"):
            last = debt["baixada_em"].replace(tzinfo=UTC).astimezone(ZONE).date()
        return max((last - debt["vencimento"]).days, 0)

    def days_since(self, records: list[Record], field: str) -> float | None:
        ages = [(self.end - r[field] - timedelta(microseconds=1)).days for r in records]
        return float(min(ages)) if ages else None


def money(records: list[Record], field: str = "valor_centavos") -> Decimal:
    return sum((Decimal(r[field]) / 100 for r in records), Decimal(0))


def quotient(numerator: Decimal | Fraction | int, denominator: Decimal | Fraction | int) -> float | None:
    if not denominator:
        return None
    return float(Fraction(numerator) / Fraction(denominator))


def monthly(records: list[Record]) -> Fraction:
    return sum(
        (Fraction(r["valor_centavos"], 100) * Fraction(TIMES_A_YEAR[r["frequencia"]], 12) for r in records), Fraction(0)
    )


def expected_debts(person: Consumer) -> dict[str, Any]:
    debts = person.debts
    opened = [d for d in debts if person.is_open(d, "baixada_em")]
    paid = [d for d in debts if d not in opened]
    overdue = [d for d in opened if d["vencimento"] < person.as_of]
    paid_late = [d for d in paid if person.days_late(d) > 0]
    new, before = (person.within(debts, "registrada_em", 90, skip=s) for s in (0, 90))
    last_year = person.within(debts, "registrada_em", 365)
    soon = [d for d in opened if 0 <= (d["vencimento"] - person.as_of).days <= 90]
    return {
        "dividas_abertas_qtd": len(opened),
        "dividas_abertas_valor": float(money(opened)),
        "dividas_vencidas_qtd": len(overdue),
        "dividas_vencidas_valor": float(money(overdue)),
        "dividas_vencidas_proporcao": quotient(money(overdue), money(opened)),
        "dividas_atraso_maximo_dias": max(map(person.days_late, opened), default=0),
        "dividas_atraso_medio_dias": quotient(
            sum((person.days_late(d) * money([d]) for d in overdue), Decimal(0)), money(overdue)
        ),
        "dividas_vencidas_mais_90_dias_qtd": sum(person.days_late(d) > 90 for d in opened),
        "dividas_credores_qtd": len({d["empresa"] for d in opened}),
        "dividas_a_vencer_90_dias_valor": float(money(soon)),
        "dividas_novas_90_dias_qtd": len(new),
        "dividas_novas_365_dias_qtd": len(last_year),
        "dividas_novas_tendencia_90_dias": len(new) - len(before),
        "dividas_dias_desde_ultima": person.days_since(last_year, "registrada_em"),
        "dividas_pagas_com_atraso_365_dias_qtd": len(person.within(paid_late, "baixada_em", 365)),
        "dividas_pagas_em_dia_proporcao": quotient(len(paid) - len(paid_late), len(paid)),
        "dividas_atraso_maximo_historico_dias": max(map(person.days_late, debts), default=0),
        "dividas_inadimplencias_qtd": sum(person.days_late(d) > 90 for d in debts),
    }


def expected_income(person: Consumer) -> dict[str, Any]:
    sources = person.incomes
    active = [r for r in sources if person.is_open(r, "encerrada_em")]
    recurrent = [r for r in active if r["frequencia"] != "unica"]
    ended = [r for r in sources if r not in active]
    year_ago = person.end - timedelta(days=365)
    then = [
        r
        for r in sources
        if r["registrada_em"] < year_ago and (r["encerrada_em"] is None or r["encerrada_em"] >= year_ago)
    ]
    one_off = [r for r in person.within(sources, "registrada_em", 365) if r["frequencia"] == "unica"]
    oldest = [(person.end - r["registrada_em"] - timedelta(microseconds=1)).days for r in recurrent]
    return {
        "renda_mensal_valor": float(monthly(active)),
        "renda_fontes_qtd": len(recurrent),
        "renda_antiguidade_dias": max(oldest, default=None),
        "renda_encerradas_365_dias_qtd": len(person.within(ended, "encerrada_em", 365)),
        "renda_variacao_365_dias": quotient(monthly(active), monthly(then)),
        "renda_unica_365_dias_valor": float(money(one_off)),
    }


def expected_assets(person: Consumer) -> dict[str, Any]:
    owned = [b for b in person.assets if person.is_open(b, "alienado_em")]
    sold = [b for b in person.assets if b not in owned]
    return {
        "bens_qtd": len(owned),
        "bens_valor": float(money(owned, "valor_estimado_centavos")),
        "bens_tipos_qtd": len({b["tipo"] for b in owned}),
        "bens_alienados_365_dias_qtd": len(person.within(sold, "alienado_em", 365)),
    }


def expected_moves(person: Consumer) -> dict[str, Any]:
    received, spent = ([m for m in person.moves if m["tipo_movimentacao"] == k] for k in ("credito", "debito"))

    def total(records: list[Record], days: int, skip: int = 0) -> Decimal:
        return money(person.within(records, "data_movimentacao", days, skip=skip))

    months_in = [total(received, 30, 30 * k) for k in range(12)]
    months_out = [total(spent, 30, 30 * k) for k in range(12)]
    year_in = sum(months_in)
    cents = [int(100 * month) for month in months_in]
    spread = math.sqrt(float(12 * sum(c * c for c in cents) - sum(cents) ** 2))
    return {
        "movimentacoes_365_dias_qtd": len(person.moves),
        "movimentacoes_credito_90_dias_valor": float(total(received, 90)),
        "movimentacoes_credito_365_dias_valor": float(money(received)),
        "movimentacoes_debito_sobre_credito_30_dias": quotient(total(spent, 30), total(received, 30)),
        "movimentacoes_debito_sobre_credito_90_dias": quotient(total(spent, 90), total(received, 90)),
        "movimentacoes_debito_sobre_credito_365_dias": quotient(money(spent), money(received)),
        "movimentacoes_credito_tendencia_90_dias": quotient(total(received, 90), total(received, 90, 90)),
        "movimentacoes_debito_tendencia_90_dias": quotient(total(spent, 90), total(spent, 90, 90)),
        "movimentacoes_credito_volatilidade": spread / float(sum(cents)) if year_in else None,
        "movimentacoes_meses_credito_regular_qtd": sum(m > 0 and m >= year_in / 12 / 2 for m in months_in),
        "movimentacoes_meses_saldo_negativo_qtd": sum(o > i for i, o in zip(months_in, months_out, strict=True)),
        "movimentacoes_dias_desde_ultima": person.days_since(person.moves, "data_movimentacao"),
        "movimentacoes_dias_desde_ultimo_credito": person.days_since(received, "data_movimentacao"),
    }


def expected_looks(person: Consumer) -> dict[str, Any]:
    counts = {days: len(person.within(person.looks, "data_consulta", days)) for days in (30, 90, 180, 365)}
    recent = person.within(person.looks, "data_consulta", 90)
    return {
        **{f"consultas_{days}_dias_qtd": count for days, count in counts.items()},
        "consultas_empresas_90_dias_qtd": len({c["empresa"] for c in recent}),
        "consultas_tendencia_90_dias": len(recent) - len(person.within(person.looks, "data_consulta", 90, skip=90)),
        "consultas_dias_desde_ultima": person.days_since(person.looks, "data_consulta"),
    }


def expected_purchases(person: Consumer) -> dict[str, Any]:
    bought = person.purchases
    in_parts = [p for p in bought if p["tipo"] == "parcelado"]
    on_credit = [p for p in bought if p["tipo"] in ("credito", "parcelado")]
    recent, before = (person.within(bought, "data_compra", 90, skip=s) for s in (0, 90))
    return {
        "compras_30_dias_qtd": len(person.within(bought, "data_compra", 30)),
        "compras_365_dias_qtd": len(bought),
        "compras_90_dias_valor": float(money(recent)),
        "compras_ticket_medio_valor": quotient(money(bought), len(bought)),
        "compras_parcelado_proporcao_365_dias": quotient(money(in_parts), money(bought)),
        "compras_credito_proporcao_365_dias": quotient(money(on_credit), money(bought)),
        "compras_tendencia_90_dias": quotient(money(recent), money(before)),
        "compras_dias_desde_ultima": person.days_since(bought, "data_compra"),
        "compras_bandeiras_qtd": len({p["bandeira_cartao"] for p in bought} - {None}),
    }


def expected_across(person: Consumer) -> dict[str, Any]:
    opened = [d for d in person.debts if person.is_open(d, "baixada_em")]
    overdue = [d for d in opened if d["vencimento"] < person.as_of]
    owned = [b for b in person.assets if person.is_open(b, "alienado_em")]
    income = monthly([r for r in person.incomes if person.is_open(r, "encerrada_em")])
    recent = person.within(person.moves, "data_movimentacao", 90)
    received = money([m for m in recent if m["tipo_movimentacao"] == "credito"])
    bought = money(person.within(person.purchases, "data_compra", 90))
    return {
        "dividas_sobre_renda": quotient(money(opened), income) if person.debts else None,
        "dividas_vencidas_sobre_renda": quotient(money(overdue), income) if person.debts else None,
        "bens_sobre_dividas": quotient(money(owned, "valor_estimado_centavos"), money(opened))
        if person.assets
        else None,
        "movimentacoes_credito_sobre_renda": quotient(received / 3, income) if person.moves else None,
        "compras_sobre_credito_90_dias": quotient(bought, received) if person.purchases else None,
    }


def expected_row(person: Consumer) -> dict[str, Any]:
    families = (
        (person.debts, expected_debts),
        (person.incomes, expected_income),
        (person.assets, expected_assets),
        (person.moves, expected_moves),
        (person.looks, expected_looks),
        (person.purchases, expected_purchases),
    )
    row: dict[str, Any] = {"sem_dados": not any(records for records, _ in families)}
    for records, compute in families:
        row |= {name: value if records else None for name, value in compute(person).items()}
    row |= expected_across(person)
    born, today = person.client["data_nascimento"], person.as_of
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    row |= {"idade_anos": age if born <= today else None, "uf": person.client["uf"]}
    return row


@pytest.mark.parametrize(
    ("seed", "as_of"),
    [
        (1, date(2026, 6, 30)),
        (2, date(2024, 2, 29)),
        (3, date(2018, 11, 3)),  # the day before daylight saving began
        (4, date(1998, 12, 31)),
        (5, date(2019, 2, 16)),  # the day on which it ended for good
    ],
)
def test_every_feature_equals_a_reading_row_by_row(seed: int, as_of: date, make_rows: Any, make_tables: Any) -> None:
    rows = make_rows(seed, clients=120, as_of=as_of)
    built = {row["cpf"]: row for row in build_features(make_tables(rows), as_of).to_pylist()}
    people = [Consumer(client, rows, as_of) for client in rows["cliente"]]
    known = [person for person in people if person.client["registrado_em"] < person.end]
    assert sorted(built) == sorted(person.client["cpf"] for person in known)
    for person in known:
        row = dict(built[person.client["cpf"]])
        assert row.pop("cpf") == person.client["cpf"]
        assert row.pop("cliente_id") == person.client["id"]
        assert row == expected_row(person)
