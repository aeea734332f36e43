"""What planting a defect needs at hand: chance, fresh keys, CPFs of nobody, instants after the cutoff, odd texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import numpy as np
from bson import ObjectId

from contracts.reference_date import cutoff_utc
from population.cpf_numbers import CpfIssuer, spoil_check_digit
from population.identifiers import object_ids
from population.months import MonthGrid
from population.parameters import BLOCK_SIZE

Record: TypeAlias = dict[str, Any]
_Item = TypeVar("_Item")

_SHARED_CPFS = 500
"""CPFs of nobody that the orphans of a block share; the rest of its reserve goes to one record each."""

ODD_TEXTS: dict[str, tuple[str, ...]] = {
    "texto_mojibake": ("JosÃ© AntÃ³nio da ConceiÃ§Ã£o", "Avenida SÃ£o JoÃ£o", "CartÃµes AÃ§aÃ\xad"),
    "texto_emoji": ("Maria 💳🎉", "\U0001f469\u200d\U0001f4bb Loja do João 🇧🇷", "Pix 💸"),
    "texto_quebras": ("linha 1\nlinha 2\r\n\tfim", "\"aspas\" e 'apóstrofo', vírgula; ponto", "barra \\ e \\N e NULL"),
    "texto_sql": ("'; DROP TABLE cliente; --", "x' OR '1'='1", '{"$gt": ""}'),
    "texto_ativo": ("<script>alert(1)</script>", '=HYPERLINK("http://exemplo.invalid")', "{{7*7}} ${env} %s"),
    "texto_longo": ("A" * 200, "ção " * 25),
    "texto_invisivel": ("João\u200b da\u202e Silva", "Jose\u0301 Anto\u0302nio", "\u00a0Banco\u3000"),
}
"""Free text as real systems have it, by the defect's name; none is longer than 200 characters."""


@dataclass
class Hand:
    """Draws what a block's defects need, reproducibly, and never the same key twice."""

    rng: np.random.Generator
    seed: int
    block: int
    issuer: CpfIssuer
    grid: MonthGrid
    _lone: int = _SHARED_CPFS
    _keys: int = 0

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of the items."""
        return items[int(self.rng.integers(len(items)))]

    def number(self, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``."""
        return int(self.rng.integers(low, high + 1))

    def uuid(self) -> str:
        """Return a fresh UUID."""
        return str(UUID(bytes=self.rng.bytes(16), version=4))

    def object_id(self, mark: int) -> ObjectId:
        """Return a fresh ObjectId that sorts before or after the clean ones by its mark."""
        self._keys += 1
        return ObjectId(object_ids(self.seed, self.block, np.array([self._keys]), mark=mark)[0].as_py())

    def transaction_code(self) -> str:
        """Return a fresh transaction code."""
        return self.rng.bytes(12).hex()

    def lone_cpf(self) -> str:
        """Return a valid CPF of nobody that no other record gets."""
        self._lone += 1
        return self._reserved(self._lone)

    def orphan_cpf(self) -> str:
        """Return a valid CPF of nobody, perhaps shared with other orphans."""
        return self._reserved(self.number(0, _SHARED_CPFS - 1))

    def wrong_cpf(self) -> str:
        """Return a CPF of nobody whose last check digit is wrong."""
        return spoil_check_digit(self.lone_cpf(), self.number(1, 9))

    def malformed_cpf(self) -> str:
        """Return eleven or fewer characters that are not eleven digits, unlike any other's."""
        cpf = self.lone_cpf()
        return self.pick((cpf[:9], "X" + cpf[1:], cpf[:10] + " ", cpf[:5] + "-" + cpf[6:], "O" + cpf[:8]))

    def later_instant(self) -> datetime:
        """Return an instant from a minute to three years after the cutoff."""
        return cutoff_utc(self.grid.as_of) + timedelta(seconds=self.number(60, 3 * 365 * 86_400))

    def impossible_date(self) -> date:
        """Return a date that no contract admits."""
        return self.pick((date(1753, 1, 1), date(1899, 12, 31), date(2201, 1, 1), date(2999, 12, 31)))

    def impossible_instant(self) -> datetime:
        """Return an instant that no contract admits."""
        day = self.impossible_date()
        return datetime(day.year, day.month, day.day, 12)

    def _reserved(self, number: int) -> str:
        if number >= BLOCK_SIZE:
            raise OverflowError("a block's reserve of CPFs is used up")
        cpf: bytes = self.issuer.reserved(np.array([self.block * BLOCK_SIZE + number]))[0]
        return cpf.decode()


Alter: TypeAlias = Callable[[Record, Hand], Record]


@dataclass(frozen=True, slots=True)
class DefectKind:
    """One kind of defect: its name, the rule expected of it, and how a record gets it.

    ``in_place`` alters the clean record itself, harmlessly; otherwise an altered copy is added and the
    clean record stays as it was. ``repeats`` copies are repetitions, of which the one with the
    first key is used; ``is_exact_copy`` ones differ from their original in the key alone.
    """

    name: str
    rule: str
    alter: Alter
    in_place: bool = False
    repeats: bool = False
    is_exact_copy: bool = False
    fits: Callable[[Record], bool] = lambda _record: True


def replacing(**makers: Callable[[Hand], Any]) -> Alter:
    """Return an alteration that sets each named field to what its maker draws."""

    def alter(record: Record, hand: Hand) -> Record:
        return record | {name: make(hand) for name, make in makers.items()}

    return alter


def odd_text_kinds(column: str, rule: str) -> tuple[DefectKind, ...]:
    """Return the kinds that put odd text, harmlessly, into a free-text column."""
    return tuple(
        DefectKind(name, rule, replacing(**{column: lambda hand, texts=texts: hand.pick(texts)}), in_place=True)
        for name, texts in ODD_TEXTS.items()
    )
