"""Defects of debts, persons, incomes and assets, within what the relational constraints let through."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from contracts.rules import rule
from population.dirt_hand import DefectKind, Hand, Record, odd_text_kinds, replacing

_ABSURD = (Decimal("1000000000.01"), Decimal("87654321012.34"), Decimal("999999999999.99"))
_UNKNOWN_FREQUENCIES = ("às vezes", "decendial", "bissemanal", "mensual", "???", "M", "todo dia 5")


def _money_kinds(column: str) -> tuple[DefectKind, ...]:
    return (
        DefectKind(
            "valor_negativo",
            rule("valor_nao_positivo"),
            replacing(**{column: lambda hand: -Decimal(hand.number(1, 500_000)).scaleb(-2)}),
        ),
        DefectKind("valor_zero", rule("valor_nao_positivo"), replacing(**{column: lambda _hand: Decimal("0.00")})),
        DefectKind("valor_absurdo", rule("valor_absurdo"), replacing(**{column: lambda hand: hand.pick(_ABSURD)})),
    )


def _not_a_number(column: str) -> DefectKind:
    return DefectKind("valor_nan", rule("valor_nao_finito"), replacing(**{column: lambda _hand: Decimal("NaN")}))


def _time_kinds(start: str, end: str) -> tuple[DefectKind, ...]:
    def end_before_start(record: Record, hand: Hand) -> Record:
        return record | {end: record[start] - timedelta(minutes=hand.number(1, 500_000))}

    return (
        DefectKind(
            "registro_futuro",
            rule("posterior_a_data_referencia"),
            replacing(**{start: Hand.later_instant, end: lambda _hand: None}),
        ),
        DefectKind(
            "registro_impossivel",
            rule("data_impossivel"),
            replacing(**{start: Hand.impossible_instant, end: lambda _hand: None}),
        ),
        DefectKind("fim_antes_do_inicio", rule("fim_antes_do_inicio"), end_before_start),
        DefectKind(
            "fim_futuro",
            rule("fim_posterior"),
            replacing(**{end: Hand.later_instant}),
            in_place=True,
            fits=lambda record: record[end] is None,
        ),
    )


def _cpf_kinds() -> tuple[DefectKind, ...]:
    return (
        DefectKind("cpf_malformado", rule("cpf_malformado"), replacing(cpf=Hand.malformed_cpf)),
        DefectKind("cpf_digito_errado", rule("cpf_digito_verificador"), replacing(cpf=Hand.wrong_cpf)),
        DefectKind("orfao", rule("orfao"), replacing(cpf=Hand.orphan_cpf)),
    )


_REPEATED = DefectKind("duplicado", rule("duplicado"), lambda record, _hand: record, repeats=True, is_exact_copy=True)

DEBT_DEFECTS: tuple[DefectKind, ...] = (
    *_money_kinds("valor"),
    *_time_kinds("registrada_em", "baixada_em"),
    DefectKind("vencimento_impossivel", rule("data_impossivel"), replacing(vencimento=Hand.impossible_date)),
    _REPEATED,
    *odd_text_kinds("empresa", rule("texto_livre")),
)
PERSON_DEFECTS: tuple[DefectKind, ...] = (
    DefectKind("cpf_malformado", rule("cpf_malformado"), replacing(cpf=Hand.malformed_cpf, cliente_id=Hand.uuid)),
    DefectKind(
        "cpf_digito_errado", rule("cpf_digito_verificador"), replacing(cpf=Hand.wrong_cpf, cliente_id=Hand.uuid)
    ),
    DefectKind("orfao", rule("orfao"), replacing(cpf=Hand.lone_cpf, cliente_id=Hand.uuid)),
    DefectKind("cliente_divergente", rule("cliente_divergente"), replacing(cliente_id=Hand.uuid), in_place=True),
    DefectKind(
        "nascimento_divergente",
        rule("coluna_nao_lida"),
        replacing(data_nascimento=Hand.impossible_date),
        in_place=True,
    ),
    *odd_text_kinds("bairro", rule("coluna_nao_lida")),
)
INCOME_DEFECTS: tuple[DefectKind, ...] = (
    *_money_kinds("valor"),
    _not_a_number("valor"),
    *_time_kinds("registrada_em", "encerrada_em"),
    *_cpf_kinds(),
    DefectKind(
        "frequencia_desconhecida",
        rule("frequencia_desconhecida"),
        replacing(frequencia=lambda hand: hand.pick(_UNKNOWN_FREQUENCIES)),
    ),
    _REPEATED,
    *odd_text_kinds("descricao", rule("coluna_nao_lida")),
)
ASSET_DEFECTS: tuple[DefectKind, ...] = (
    *_money_kinds("valor_estimado"),
    _not_a_number("valor_estimado"),
    *_time_kinds("registrado_em", "alienado_em"),
    *_cpf_kinds(),
    _REPEATED,
    *odd_text_kinds("descricao", rule("coluna_nao_lida")),
)
CLIENT_TEXT_DEFECTS: tuple[DefectKind, ...] = (
    *odd_text_kinds("nome", rule("coluna_nao_lida")),
    *odd_text_kinds("bairro", rule("coluna_nao_lida")),
)
