"""Defects of Base C's documents: wrong types, missing and extra fields, odd numbers and dates, repetitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from bson import Decimal128, Int64

from contracts.rules import rule
from contracts.table_declaration import Table
from contracts.tables import COMPRAS, CONSULTAS, MOVIMENTACOES, OWN_CONSULTATION
from population.dirt_hand import DefectKind, Hand, Record, odd_text_kinds, replacing

_SAO_PAULO_OFFSET = timezone(timedelta(hours=-3))
_WRONG = rule("tipo_errado")
_MISSING = rule("campo_ausente")


def _changing(name: str, change: Callable[[Any, Hand], Any]) -> Callable[[Record, Hand], Record]:
    return lambda record, hand: record | {name: change(record[name], hand)}


def _without(name: str) -> Callable[[Record, Hand], Record]:
    return lambda record, _hand: {field: value for field, value in record.items() if field != name}


def _has(name: str) -> Callable[[Record], bool]:
    return lambda record: name in record


def _as_decimal(amount: float | int | Decimal128) -> Decimal:
    return amount.to_decimal() if isinstance(amount, Decimal128) else Decimal(str(amount))


def _cpf_kinds() -> tuple[DefectKind, ...]:
    return (
        DefectKind("cpf_numero", _WRONG, _changing("cpf", lambda cpf, _hand: Int64(cpf))),
        DefectKind("cpf_lista", _WRONG, _changing("cpf", lambda cpf, _hand: [cpf])),
        DefectKind("cpf_nulo", _MISSING, replacing(cpf=lambda _hand: None)),
        DefectKind("cpf_ausente", _MISSING, _without("cpf")),
        DefectKind(
            "cpf_pontuado",
            rule("cpf_malformado"),
            _changing("cpf", lambda cpf, _hand: f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}"),
        ),
        DefectKind("cpf_malformado", rule("cpf_malformado"), replacing(cpf=Hand.malformed_cpf)),
        DefectKind("cpf_digito_errado", rule("cpf_digito_verificador"), replacing(cpf=Hand.wrong_cpf)),
        DefectKind("orfao", rule("orfao"), replacing(cpf=Hand.orphan_cpf)),
    )


def _date_kinds(name: str) -> tuple[DefectKind, ...]:
    def zoned_text(instant: datetime, _hand: Hand) -> str:
        return instant.replace(tzinfo=UTC).astimezone(_SAO_PAULO_OFFSET).isoformat()

    def zoned(instant: datetime, _hand: Hand) -> datetime:
        return instant.replace(tzinfo=UTC).astimezone(_SAO_PAULO_OFFSET)

    return (
        DefectKind("data_texto_ingenua", _WRONG, _changing(name, lambda instant, _hand: instant.isoformat())),
        DefectKind("data_texto_com_fuso", _WRONG, _changing(name, zoned_text)),
        DefectKind(
            "data_numero", _WRONG, _changing(name, lambda instant, _hand: instant.replace(tzinfo=UTC).timestamp())
        ),
        DefectKind("data_nula", _MISSING, replacing(**{name: lambda _hand: None})),
        DefectKind("data_ausente", _MISSING, _without(name)),
        DefectKind("data_futura", rule("posterior_a_data_referencia"), replacing(**{name: Hand.later_instant})),
        DefectKind("data_impossivel", rule("data_impossivel"), replacing(**{name: Hand.impossible_instant})),
        DefectKind("instante_com_fuso", rule("instante_utc"), _changing(name, zoned), in_place=True),
        DefectKind("instante_ingenuo", rule("instante_utc"), _changing(name, lambda at, _hand: at), in_place=True),
    )


def _money_kinds() -> tuple[DefectKind, ...]:
    positive, finite, absurd = rule("valor_nao_positivo"), rule("valor_nao_finito"), rule("valor_absurdo")
    converted = rule("numero_convertido")
    return (
        DefectKind("valor_texto", _WRONG, _changing("valor", lambda v, _h: f"R$ {_as_decimal(v)}".replace(".", ","))),
        DefectKind("valor_texto_numerico", _WRONG, _changing("valor", lambda v, _h: str(_as_decimal(v)))),
        DefectKind("valor_lista", _WRONG, _changing("valor", lambda v, _h: [v])),
        DefectKind("valor_documento", _WRONG, _changing("valor", lambda v, _h: {"quantia": v, "moeda": "BRL"})),
        DefectKind("valor_logico", _WRONG, replacing(valor=lambda _hand: True)),
        DefectKind("valor_nulo", _MISSING, replacing(valor=lambda _hand: None)),
        DefectKind("valor_ausente", _MISSING, _without("valor")),
        DefectKind("valor_negativo", positive, _changing("valor", lambda v, _h: -float(_as_decimal(v)))),
        DefectKind("valor_zero", positive, replacing(valor=lambda h: h.pick((0, 0.0, -0.0, Decimal128("0.00"))))),
        DefectKind("valor_nan", finite, replacing(valor=lambda _hand: float("nan"))),
        DefectKind("valor_infinito", finite, replacing(valor=lambda h: h.pick((float("inf"), float("-inf"))))),
        DefectKind("valor_decimal_nan", finite, replacing(valor=lambda _hand: Decimal128("NaN"))),
        DefectKind("valor_decimal_infinito", finite, replacing(valor=lambda _hand: Decimal128("Infinity"))),
        DefectKind("valor_absurdo", absurd, replacing(valor=lambda h: h.pick((1e300, 5e9, Int64(2**62))))),
        DefectKind("valor_decimal_enorme", absurd, replacing(valor=lambda _hand: Decimal128("9.99E+6000"))),
        DefectKind(
            "valor_decimal_com_zeros",
            converted,
            _changing("valor", lambda v, _h: Decimal128(_as_decimal(v).quantize(Decimal("0.0000")))),
            in_place=True,
        ),
        DefectKind(
            "valor_inteiro_longo",
            converted,
            _changing("valor", lambda v, _h: Int64(v)),
            in_place=True,
            fits=lambda record: isinstance(record["valor"], int),
        ),
    )


def _shape_kinds(required: str, free_text: str, rule_of_text: str) -> tuple[DefectKind, ...]:
    def add_fields(record: Record, hand: Hand) -> Record:
        return record | {"origem": "migração", "meta": {"versao": hand.number(1, 9), "etiquetas": ["a", None]}}

    return (
        DefectKind("texto_em_documento", _WRONG, _changing(required, lambda text, _hand: {"nome": text})),
        DefectKind("texto_ausente", _MISSING, _without(required)),
        DefectKind("campo_extra", rule("campo_extra"), add_fields, in_place=True),
        *odd_text_kinds(free_text, rule_of_text),
    )


def _optional_kinds(name: str) -> tuple[DefectKind, ...]:
    rule_name = rule("campo_opcional_ausente")
    return (
        DefectKind(f"{name}_ausente", rule_name, _without(name), in_place=True, fits=_has(name)),
        DefectKind(f"{name}_nulo", rule_name, replacing(**{name: lambda _hand: None}), in_place=True),
    )


def _is_by_another(record: Record) -> bool:
    return bool(record["tipo_empresa"] != OWN_CONSULTATION)


def _repeat_code(record: Record, hand: Hand) -> Record:
    return record | {"valor": float(hand.number(1, 900)), "produto": "Estorno"}


_REPEATED = DefectKind("duplicado", rule("duplicado"), lambda record, _hand: record, repeats=True, is_exact_copy=True)

DOCUMENT_DEFECTS: dict[Table, tuple[DefectKind, ...]] = {
    CONSULTAS: (
        *_cpf_kinds(),
        *_date_kinds("data_consulta"),
        *_shape_kinds("tipo_empresa", "empresa", rule("texto_livre")),
        DefectKind(
            "duplicado",
            rule("duplicado"),
            lambda record, _hand: record,
            repeats=True,
            is_exact_copy=True,
            fits=_is_by_another,
        ),
    ),
    MOVIMENTACOES: (
        *_cpf_kinds(),
        *_date_kinds("data_movimentacao"),
        *_money_kinds(),
        *_shape_kinds("tipo_movimentacao", "descricao", rule("coluna_nao_lida")),
        *_optional_kinds("descricao"),
        DefectKind(
            "tipo_desconhecido",
            rule("valor_fora_do_dominio"),
            replacing(tipo_movimentacao=lambda hand: hand.pick(("pix", "Crédito", "D", ""))),
        ),
        _REPEATED,
    ),
    COMPRAS: (
        *_cpf_kinds(),
        *_date_kinds("data_compra"),
        *_money_kinds(),
        *_shape_kinds("cpf", "produto", rule("coluna_nao_lida")),
        *_optional_kinds("produto"),
        *_optional_kinds("bandeira_cartao"),
        DefectKind(
            "bandeira_numero",
            rule("campo_opcional_ausente"),
            replacing(bandeira_cartao=lambda hand: hand.number(1, 9)),
            in_place=True,
        ),
        DefectKind("codigo_repetido", rule("duplicado"), _repeat_code, repeats=True, fits=_has("codigo_transacao")),
        _REPEATED,
    ),
}
