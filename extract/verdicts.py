"""What becomes of each record: the first rule that it meets, in one fixed order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from contracts.extraction import TableCounts
from contracts.rules import RULES, Outcome, rule
from extract.records import Codes, Flags

RULE_ORDER: tuple[str, ...] = tuple(
    rule(name)
    for name in (
        "tipo_errado",
        "campo_ausente",
        "cpf_malformado",
        "cpf_digito_verificador",
        "data_impossivel",
        "valor_nao_finito",
        "valor_nao_positivo",
        "valor_absurdo",
        "valor_fora_do_dominio",
        "frequencia_desconhecida",
        "fim_antes_do_inicio",
        "orfao",
        "cliente_divergente",
        "titular_rejeitado",
        "titular_posterior",
        "posterior_a_data_referencia",
        "duplicado",
        "consulta_do_titular",
        "divida_prescrita",
        "fora_da_janela",
    )
)
"""A record's own fields first, then its links, then its time, then other records; the first one met counts."""

KEPT_RULES = ("divida_prescrita", "fora_da_janela")
"""Counted as ignored but kept in the lake: training reads earlier reference dates from the same snapshot."""

_CODES = {name: code for code, name in enumerate(RULE_ORDER, start=1)}


class Verdicts:
    """One verdict a record: the rule it met, or none."""

    def __init__(self, count: int) -> None:
        self._codes: Codes = np.zeros(count, dtype=np.uint8)

    def apply(self, name: str, broken: Flags) -> None:
        """Give the rule's verdict to the records it holds for; a record that has one of an earlier rule keeps it."""
        if not broken.any():
            return
        code = _CODES[name]
        self._codes[broken & ((self._codes == 0) | (self._codes > code))] = code

    def met(self, name: str) -> Flags:
        """Return which records met the rule first."""
        found: Flags = self._codes == _CODES[name]
        return found

    @property
    def unmet(self) -> Flags:
        """Return which records have met no rule so far."""
        found: Flags = self._codes == 0
        return found

    @property
    def kept(self) -> Flags:
        """Return which records go to the lake: used, or counted as ignored but kept."""
        return self.unmet | np.isin(self._codes, [_CODES[name] for name in KEPT_RULES])

    @property
    def rejected(self) -> Flags:
        """Return which records are refused."""
        refusing = [code for name, code in _CODES.items() if RULES[name].outcome is Outcome.REJECTED]
        return np.isin(self._codes, refusing)

    def names(self, rows: Flags) -> list[str]:
        """Return the rule that each of the chosen records met."""
        return [RULE_ORDER[code - 1] for code in self._codes[rows]]

    def counts(self) -> TableCounts:
        """Return how many records were used, ignored and rejected, by rule."""
        tally = np.bincount(self._codes, minlength=len(RULE_ORDER) + 1)
        met = {name: int(tally[code]) for name, code in _CODES.items() if tally[code]}
        return TableCounts(
            read=len(self._codes),
            used=int(tally[0]),
            ignored=_of_outcome(met, Outcome.IGNORED),
            rejected=_of_outcome(met, Outcome.REJECTED),
        )


def _of_outcome(met: Mapping[str, int], outcome: Outcome) -> dict[str, int]:
    return {name: count for name, count in met.items() if RULES[name].outcome is outcome}
