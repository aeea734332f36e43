"""Dirt: plants defects in a share of a block's records and notes each, leaving all other records alone.

A defect that the engine must refuse or leave aside is planted in a copy with a key of its own; the clean
record stays, so a dirty population scores as the clean one does. Harmless defects alter the record itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from contracts.table_declaration import Store, Table
from contracts.tables import BEM, CLIENTE, COMPRAS, CONSULTAS, DIVIDA, FONTE_DE_RENDA, MOVIMENTACOES, PESSOA
from population.blocks import CleanBlock
from population.client_defects import CLIENT_DEFECTS, ClientDefect
from population.dirt_hand import DefectKind, Hand, Record
from population.document_defects import DOCUMENT_DEFECTS
from population.documents import documents_of
from population.identifiers import COPY_AFTER_MARK, COPY_BEFORE_MARK
from population.months import IntArray
from population.relational_defects import (
    ASSET_DEFECTS,
    CLIENT_TEXT_DEFECTS,
    DEBT_DEFECTS,
    INCOME_DEFECTS,
    PERSON_DEFECTS,
)

DEFECTS_SCHEMA = pa.schema(
    [
        pa.field("base", pa.string(), nullable=False),
        pa.field("tabela", pa.string(), nullable=False),
        pa.field("chave", pa.string(), nullable=False),
        pa.field("cpf", pa.string()),
        pa.field("defeito", pa.string(), nullable=False),
        pa.field("regra_esperada", pa.string(), nullable=False),
    ]
)
"""One row a planted defect; ``chave`` as ``rejeitado`` names it, ``cpf`` where the record holds one as text."""

KINDS: dict[Table, tuple[DefectKind, ...]] = {
    DIVIDA: DEBT_DEFECTS,
    PESSOA: PERSON_DEFECTS,
    FONTE_DE_RENDA: INCOME_DEFECTS,
    BEM: ASSET_DEFECTS,
    **DOCUMENT_DEFECTS,
}
_CHILD_TABLES = (DIVIDA, PESSOA, FONTE_DE_RENDA, BEM, CONSULTAS, MOVIMENTACOES, COMPRAS)
_CHILD_DEFECT = "filho_de_cliente"
_TRANSACTION_CODE = "codigo_transacao"


@dataclass(frozen=True, slots=True)
class Planted:
    """One record that differs from what was drawn, and the consumer row whose record it was made from."""

    owner: int
    record: Record


@dataclass
class DirtyBlock:
    """A block after planting: which clean rows are left, the irregular records, and the list of defects."""

    kept: dict[str, IntArray]
    irregular: dict[str, list[Planted]] = field(default_factory=dict)
    defects: list[tuple[int, dict[str, str | None]]] = field(default_factory=list)


def plant_dirt(block: CleanBlock, hand: Hand, *, share: float) -> DirtyBlock:
    """Return the block with defects in about ``share`` of the records of each table."""
    planter = _Planter(block, hand, share)
    if share > 0:
        planter.spoil_clients()
        for table, kinds in KINDS.items():
            planter.spoil_table(table, kinds)
    return planter.dirty


class _Planter:
    """Draws the rows to spoil, spoils them, and gathers what comes of it in ``dirty``."""

    def __init__(self, block: CleanBlock, hand: Hand, share: float) -> None:
        self._block = block
        self._hand = hand
        self._share = share
        self.dirty = DirtyBlock({name: np.arange(table.num_rows) for name, table in block.tables.items()})

    def spoil_table(self, table: Table, kinds: Sequence[DefectKind]) -> None:
        """Plant one of the kinds in each chosen row."""
        replaced = []
        for row, record in self._choose(table):
            kind = _draw_kind(kinds, record, self._hand)
            altered = _spoil(table, kind, record, self._hand)
            key = str(altered[table.key])
            if kind.repeats:
                key = max(key, str(record[table.key]))
            if kind.in_place:
                replaced.append(row)
            planted = Planted(int(self._block.owners[table.name][row]), altered)
            self._add(table, planted, defect=kind.name, expected=kind.rule, chave=key)
        self._leave_out(table, replaced)

    def spoil_clients(self) -> None:
        """Plant a spoilt client beside each chosen one, or odd text in it."""
        replaced = []
        for row, record in self._choose(CLIENTE):
            number = self._hand.number(0, len(CLIENT_DEFECTS) + 1)
            if number < len(CLIENT_DEFECTS):
                self._add_spoilt_client(record, row, CLIENT_DEFECTS[number])
            else:
                kind = _draw_kind(CLIENT_TEXT_DEFECTS, record, self._hand)
                replaced.append(row)
                planted = Planted(row, kind.alter(record, self._hand))
                self._add(CLIENTE, planted, defect=kind.name, expected=kind.rule)
        self._leave_out(CLIENTE, replaced)

    def _add_spoilt_client(self, record: Record, owner: int, defect: ClientDefect) -> None:
        stranger = _copy(CLIENTE, record, self._hand) | {"cpf": self._hand.lone_cpf()}
        client = defect.alter(stranger, self._hand)
        self._add(CLIENTE, Planted(owner, client), defect=defect.name, expected=defect.rule)
        link = {"cpf": client["cpf"], "cliente_id": client["id"]}
        for table in _CHILD_TABLES if defect.has_sound_cpf else (DIVIDA,):
            child = _first_record(self._block, table, owner)
            if child is not None:
                own = {name: value for name, value in link.items() if name in child}
                planted = Planted(owner, _copy(table, child, self._hand) | own)
                self._add(table, planted, defect=_CHILD_DEFECT, expected=defect.child_rule)

    def _choose(self, table: Table) -> list[tuple[int, Record]]:
        count = self._block.tables[table.name].num_rows
        rows = np.flatnonzero(self._hand.rng.random(count) < self._share)
        records = records_of(table, self._block.tables[table.name].take(pa.array(rows)))
        return list(zip(rows.tolist(), records, strict=True))

    def _add(self, table: Table, planted: Planted, *, defect: str, expected: str, chave: str | None = None) -> None:
        self.dirty.irregular.setdefault(table.name, []).append(planted)
        cpf = planted.record.get("cpf")
        row = {
            "base": table.store.value,
            "tabela": table.name,
            "chave": chave or str(planted.record[table.key]),
            "cpf": cpf if isinstance(cpf, str) else None,
            "defeito": defect,
            "regra_esperada": expected,
        }
        self.dirty.defects.append((planted.owner, row))

    def _leave_out(self, table: Table, replaced: list[int]) -> None:
        kept = np.setdiff1d(self.dirty.kept[table.name], np.array(replaced, dtype=np.int64))
        self.dirty.kept[table.name] = kept


def _draw_kind(kinds: Sequence[DefectKind], record: Record, hand: Hand) -> DefectKind:
    start = hand.number(0, len(kinds) - 1)
    turned = (*kinds[start:], *kinds[:start])
    return next(kind for kind in turned if kind.fits(record))


def _spoil(table: Table, kind: DefectKind, record: Record, hand: Hand) -> Record:
    if kind.in_place:
        return kind.alter(record, hand)
    return kind.alter(_copy(table, record, hand, kind=kind), hand)


def _copy(table: Table, record: Record, hand: Hand, *, kind: DefectKind | None = None) -> Record:
    """Return the record under a fresh key, and under a fresh transaction code unless it is to repeat.

    An exact repetition may sort before its original: which of the two is used makes no difference.
    """
    copy = dict(record)
    repeats = kind is not None and kind.repeats
    if table.store is Store.C:
        may_precede = kind is not None and kind.is_exact_copy
        copy["_id"] = hand.object_id(COPY_BEFORE_MARK if may_precede and hand.number(0, 1) else COPY_AFTER_MARK)
        if not repeats and _TRANSACTION_CODE in copy:
            copy[_TRANSACTION_CODE] = hand.transaction_code()
    elif table is not PESSOA:
        copy["id"] = hand.uuid()
    return copy


def _first_record(block: CleanBlock, table: Table, owner: int) -> Record | None:
    owners = block.owners[table.name]
    row = int(np.searchsorted(owners, owner))
    if row == len(owners) or owners[row] != owner:
        return None
    return records_of(table, block.tables[table.name].slice(row, 1))[0]


def records_of(table: Table, rows: pa.Table) -> list[Record]:
    """Return rows as plain records: documents for Base C, column values for A and B."""
    if table.store is Store.C:
        return documents_of(table, rows)
    records: list[Record] = rows.to_pylist()
    return records


def defects_table(defects: Sequence[Mapping[str, str | None]]) -> pa.Table:
    """Return rows of the list of defects as a table of DEFECTS_SCHEMA."""
    return pa.Table.from_pylist([dict(row) for row in defects], schema=DEFECTS_SCHEMA)
