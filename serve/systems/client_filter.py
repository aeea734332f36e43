"""What consumers are searched by, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """Conditions that a consumer must meet, all of them; None is no condition.

    Each word of ``nome`` must begin a word of the name, in any order. Texts are compared as
    ``contracts.letter_folding`` folds them; ``cpf`` is eleven digits, ``uf`` capital letters.
    """

    nome: str | None = None
    cpf: str | None = None
    uf: str | None = None
    cidade: str | None = None
    data_nascimento: date | None = None
    estado_civil: str | None = None

    @property
    def is_searched(self) -> bool:
        """Return whether no single index gives the matches in the order of pages."""
        return bool(self.nome or self.estado_civil or (self.cidade and self.uf))

    def given(self) -> dict[str, str]:
        """Return the conditions that are set, as text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_given(cls, given: dict[str, str]) -> ClientFilter:
        """Return the filter whose ``given`` this is.

        >>> ClientFilter.from_given({"uf": "SP", "data_nascimento": "1980-01-31"}).data_nascimento
        datetime.date(1980, 1, 31)
        """
        others = {name: text for name, text in given.items() if name != "data_nascimento"}
        born = given.get("data_nascimento")
        return cls(**others, data_nascimento=None if born is None else date.fromisoformat(born))
