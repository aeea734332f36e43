"""The regime: who keeps the score, and so which law binds it (docs/explanation/law.md).

What the engine does is the same in both, by its strictest reading: no feature on other people or on the
consumer's own consultations is declared, and scopes are apart, for a lender is held to nearly the same by
LGPD art. 6 III, 21 and 46. The regime says which law an installation answers to, where the public reads it.
Why: docs/explanation/law.md.
"""

from __future__ import annotations

from enum import StrEnum


class Regime(StrEnum):
    """Who keeps the score: a manager of a database of many sources, or a lender for itself."""

    BUREAU = "gestor"
    LENDER = "interno"

    @property
    def legal_basis(self) -> str:
        """Return, in Portuguese, which law binds the score."""
        return _LEGAL_BASIS[self]


_LEGAL_BASIS = {
    Regime.BUREAU: "Regime gestor de banco de dados: CDC, LGPD e toda a Lei 12.414/2011 obrigam este score.",
    Regime.LENDER: (
        "Regime interno, score do próprio concedente de crédito: CDC, LGPD e a Lei 12.414/2011 obrigam este score, "
        "salvo os arts. 4º e 7º-A, II e III, desta, que ele segue por escolha."
    ),
}
