"""The PKDD'99 "Berka" data as the rows of Bases A, B and C (docs/reference/berka.md).

Enters: the folder of the files. Leaves: one Arrow table for each table of the contract, as the stores hold
them, and an account of every record that was left out and why. Nothing depends on the day of the import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.table_declaration import Column, Kind, Store, Table
from contracts.tables import TABLES, TABLES_BY_NAME
from population.berka_events import CARD_WITHDRAWAL, cards_by_account, consultation_rows, movement_rows, purchase_rows
from population.berka_files import read_files
from population.berka_income import income_rows
from population.berka_loans import debt_rows
from population.berka_people import client_rows, people_by_account, people_by_client, person_rows
from population.berka_records import BerkaFiles
from population.raw_schema import CENTS, FORM, OBJECT_ID, MoneyForm, decimals, raw_schema, raw_table


@dataclass(frozen=True, slots=True)
class BerkaTables:
    """The rows of each table by its name, and how many records of the files became none, by reason."""

    tables: Mapping[str, pa.Table]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """Rows written by table, and records of the files that became none, by reason."""

    written: Mapping[str, int]
    left_out: Mapping[str, int]


def read_berka(directory: Path) -> BerkaTables:
    """Return the folder's data as the stores hold it.

    UsageError names every missing file; DataIntegrityError says which values or links are broken.
    """
    files = read_files(directory)
    people = people_by_client(files)
    owners = people_by_account(files, people)
    districts = {district.district_id: district for district in files.districts}
    rows = {
        "cliente": client_rows(people.values(), districts),
        "divida": debt_rows(files.loans, owners),
        "pessoa": person_rows(people.values(), districts),
        "fonte_de_renda": income_rows(files.movements, owners),
        "bem": [],
        "consultas": consultation_rows(files, owners),
        "movimentacoes": movement_rows(files.movements, owners),
        "compras": purchase_rows(files.movements, owners, cards_by_account(files)),
    }
    return BerkaTables({table.name: stored_table(table, rows[table.name]) for table in TABLES}, _left_out(files))


def write_berka(
    found: BerkaTables, *, write: Callable[[Table, pa.Table], None], progress: Callable[[str, int], None]
) -> ImportSummary:
    """Write each table; ``progress`` gets its name and rows once it is written."""
    for name, rows in found.tables.items():
        write(TABLES_BY_NAME[name], rows)
        progress(name, rows.num_rows)
    return ImportSummary({name: rows.num_rows for name, rows in found.tables.items()}, found.left_out)


def stored_table(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows (one value a column; money in cents under the column's name) in the table's raw schema."""
    columns = {name: pa.array([row[name] for row in rows]) for name in _row_names(table)}
    for column in table.columns:
        if column.kind is Kind.MONEY:
            cents = np.array([row[column.name] for row in rows], dtype=np.int64)
            columns |= _stored_money(table, column, cents)
    return raw_table(table, columns)


def _row_names(table: Table) -> list[str]:
    names = [column.name for column in table.columns if column.kind is not Kind.MONEY]
    return [OBJECT_ID, *names] if table.store is Store.C else names


def _stored_money(table: Table, column: Column, cents: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
    if table.store is not Store.C:
        return {column.name: decimals(cents, raw_schema(table).field(column.name).type.precision)}
    return {CENTS: pa.array(cents), FORM: pa.array(np.full(len(cents), MoneyForm.DOUBLE, dtype=np.int8))}


def _left_out(files: BerkaFiles) -> dict[str, int]:
    owners = set(files.owners().values())
    moved = {movement.account_id for movement in files.movements}
    owned = {d.disp_id for d in files.dispositions if d.is_owner}
    return {
        "clients who only use an account: no facts of their own": sum(c.client_id not in owners for c in files.clients),
        "cards of clients who only use an account": sum(card.disp_id not in owned for card in files.cards),
        "accounts of which the files hold no movement": sum(a.account_id not in moved for a in files.accounts),
        "movements of zero": sum(m.cents <= 0 and m.operation != CARD_WITHDRAWAL for m in files.movements),
        "card withdrawals of zero": sum(m.cents <= 0 and m.operation == CARD_WITHDRAWAL for m in files.movements),
        "standing orders: they have no dates": files.standing_orders,
    }
