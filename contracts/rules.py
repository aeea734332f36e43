"""Every rule by which a record is refused or left aside, named once.

A refused record goes to ``rejeitado`` under the rule's name; a record left aside is counted under it.
Names are Portuguese because they are data: auditors query them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of a record that meets a rule."""

    REJECTED = "rejeitado"
    IGNORED = "ignorado"
    HARMLESS = "inofensivo"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule: its outcome and what it says, in Portuguese."""

    name: str
    outcome: Outcome
    description: str


_REJECTED = {
    "cpf_malformado": "o CPF não tem onze dígitos",
    "cpf_digito_verificador": "os dígitos verificadores do CPF não conferem",
    "campo_ausente": "falta um campo obrigatório",
    "tipo_errado": "um campo obrigatório tem um tipo que o contrato não prevê, ou o documento o traz mais de uma vez",
    "data_impossivel": "data fora do intervalo plausível (antes de 1900 ou depois de 2200; nascimento no futuro)",
    "valor_nao_finito": "valor NaN ou infinito",
    "valor_nao_positivo": "valor zero ou negativo onde o contrato exige positivo",
    "valor_absurdo": "valor acima do limite plausível declarado para a coluna",
    "valor_fora_do_dominio": "texto fora dos que o contrato admite; id de cliente com NUL ou de mais de 36 bytes",
    "frequencia_desconhecida": "frequência de renda que não se sabe mensalizar",
    "fim_antes_do_inicio": "baixa, encerramento ou alienação anterior ao registro",
    "duplicado": "repete outro registro já aceito; o primeiro é usado",
    "orfao": "não há cliente na Base A a quem o registro pertença",
    "cliente_divergente": "o cliente_id da Base B não é o da Base A para o mesmo CPF",
}
_IGNORED = {
    "posterior_a_data_referencia": "só conhecido depois do fim da data de referência",
    "titular_posterior": "de um cliente registrado depois da data de referência",
    "titular_rejeitado": "de um cliente que foi rejeitado",
    "titular_apagado": "de um titular apagado a pedido (LGPD art. 18 VI), que a base de origem ainda guarda",
    "divida_prescrita": "dívida vencida há mais de 5 anos (CDC art. 43 §1; Súmula 323 STJ)",
    "consulta_do_titular": "consulta do próprio titular (Lei 12.414 art. 7-A III)",
    "fora_da_janela": "evento mais antigo que a maior janela de variáveis",
}
_HARMLESS = {
    "coluna_nao_lida": "defeito em coluna que o motor não lê",
    "texto_livre": "texto livre é só comparado, nunca interpretado",
    "campo_extra": "campo que o contrato não nomeia é ignorado",
    "campo_opcional_ausente": "campo opcional ausente ou de outro tipo vale como ausente",
    "numero_convertido": "int, double e Decimal128 são convertidos a centavos",
    "instante_utc": "toda data BSON é um instante UTC, com ou sem fuso na origem",
    "fim_posterior": "baixa, encerramento ou alienação depois da data de referência vale como em aberto",
}

RULES: dict[str, Rule] = {
    name: Rule(name, outcome, description)
    for outcome, rules in (
        (Outcome.REJECTED, _REJECTED),
        (Outcome.IGNORED, _IGNORED),
        (Outcome.HARMLESS, _HARMLESS),
    )
    for name, description in rules.items()
}


def rule(name: str) -> str:
    """Return ``name`` if it is a declared rule; a KeyError shows a misspelt one where it is used."""
    return RULES[name].name
