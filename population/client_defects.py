"""Defective clients: spoilt copies of consumers, with a few children that fall with them.

A client that is refused takes its debts and, where its CPF is sound, its records of Bases B and C along
(``titular_rejeitado``); one registered after the reference date likewise (``titular_posterior``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from contracts.rules import rule
from population.dirt_hand import Alter, Hand, Record, replacing


@dataclass(frozen=True, slots=True)
class ClientDefect:
    """A defect of a client, the rule for it and for its children, and whether its CPF has any in B and C."""

    name: str
    rule: str
    child_rule: str
    alter: Alter
    has_sound_cpf: bool = True


def _future_birth(hand: Hand) -> date:
    return hand.grid.as_of + timedelta(days=hand.number(1, 2_000))


def _old_birth(hand: Hand) -> date:
    return date(hand.number(1800, 1899), hand.number(1, 12), hand.number(1, 28))


def _register_later(record: Record, hand: Hand) -> Record:
    later = hand.later_instant()
    return record | {"registrado_em": later, "atualizado_em": later}


_REJECTED = rule("titular_rejeitado")
CLIENT_DEFECTS: tuple[ClientDefect, ...] = (
    ClientDefect("cpf_digito_errado", rule("cpf_digito_verificador"), _REJECTED, replacing(cpf=Hand.wrong_cpf), False),
    ClientDefect("cpf_malformado", rule("cpf_malformado"), _REJECTED, replacing(cpf=Hand.malformed_cpf), False),
    ClientDefect("nascimento_futuro", rule("data_impossivel"), _REJECTED, replacing(data_nascimento=_future_birth)),
    ClientDefect("nascimento_seculo_xix", rule("data_impossivel"), _REJECTED, replacing(data_nascimento=_old_birth)),
    ClientDefect(
        "uf_desconhecida",
        rule("valor_fora_do_dominio"),
        _REJECTED,
        replacing(uf=lambda hand: hand.pick(("XX", "EX", "GB", "sp", "??"))),
    ),
    ClientDefect("registro_futuro", rule("posterior_a_data_referencia"), rule("titular_posterior"), _register_later),
)
