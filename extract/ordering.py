"""The one order of a table's records, and which of them repeat another.

Order: CPF, then the instant known, then every other column, then the key: the same records give the same
bytes whatever order a store returned them in. Records equal in all but the key stand together in it, so
repeats are found on the way; the first by key stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.table_declaration import Table
from extract.record_keys import key_texts
from extract.records import Flags
from extract.value_runs import Runs

Rows = npt.NDArray[np.int64]

_PACKED_NUMBERS = 2**64
_SAME_CODE = "codigo_transacao"
"""A card transaction's own code: two purchases of one consumer with the same are one purchase."""


def order_records(table: Table, columns: pa.Table, keys: pa.Array, sound: Flags) -> tuple[Rows, Flags]:
    """Return the order of the sound records (valid CPFs) as row numbers, and which rows repeat another."""
    rows = np.flatnonzero(sound)
    main = _main_numbers(table, columns, pa.array(sound))
    numbers = _order_numbers(main)
    order, repeated = rows[numbers], np.zeros(len(sound), dtype=bool)
    same = _equal_to_previous([column[numbers] for column in main])
    tied = np.flatnonzero(same | np.append(same[1:], False))
    if tied.size:
        chosen = pa.array(order[tied])
        places, repeats = _order_ties(table, columns.take(chosen), keys.take(chosen), same[tied])
        order[tied] = order[tied][places]
        repeated[order[tied]] = repeats
    for groups in _unique_groups(table, columns):
        repeated |= _later_by_key(groups, keys, sound & ~repeated)
    return order, repeated


def _main_numbers(table: Table, columns: pa.Table, sound: pa.Array) -> list[Rows]:
    runs = Runs.of(columns["cpf"].combine_chunks().filter(sound))
    cpf = runs.spread(np.asarray(runs.values.cast(pa.int64())))
    if table.known_at is None:
        return [cpf]
    known = columns[table.column(table.known_at).lake_name].combine_chunks().filter(sound)
    return [cpf, np.asarray(known.cast(pa.int64()))]


def _order_numbers(columns: list[Rows]) -> Rows:
    """Return the order by the first column, then the second; equal rows in any order.

    Stores mostly give it already. Else both columns are packed into one number where its bits suffice, since
    one sort of numbers takes a tenth of the time of a sort by columns.
    """
    if _is_ordered(columns):
        return np.arange(len(columns[0]))
    packed = _packed(columns)
    order: Rows = np.lexsort(columns[::-1]) if packed is None else np.argsort(packed)
    return order


def _is_ordered(columns: list[Rows]) -> bool:
    first, second = columns[0], columns[-1]
    ordered = (first[1:] > first[:-1]) | ((first[1:] == first[:-1]) & (second[1:] >= second[:-1]))
    return bool(ordered.all())


def _packed(columns: list[Rows]) -> npt.NDArray[np.uint64] | None:
    if len(columns) == 1:
        return columns[0].astype(np.uint64)
    first, second = columns
    if (first[1:] < first[:-1]).any():
        ranks = np.unique(first, return_inverse=True)[1].astype(np.uint64)
    else:
        ranks = np.cumsum(np.diff(first, prepend=first[:1]) != 0, dtype=np.uint64)
    least, span = int(second.min()), int(second.max()) - int(second.min()) + 1
    if (int(ranks.max()) + 1) * span > _PACKED_NUMBERS:
        return None
    packed: npt.NDArray[np.uint64] = ranks * np.uint64(span) + (second - least).astype(np.uint64)
    return packed


def _equal_to_previous(columns: list[Rows]) -> Flags:
    same = np.ones(len(columns[0]), dtype=bool)
    same[:1] = False
    for column in columns:
        same[1:] &= column[1:] == column[:-1]
    return same


def _order_ties(table: Table, tied: pa.Table, keys: pa.Array, same: Flags) -> tuple[Rows, Flags]:
    """Return the order within runs of equal main numbers, and which rows in it repeat the one before."""
    compared = [name for name in tied.column_names if name != table.key]
    listed = tied.append_column("#run", pa.array(np.cumsum(~same))).append_column("#key", key_texts(keys))
    by = [("#run", "ascending"), *((name, "ascending") for name in compared), ("#key", "ascending")]
    rows: Rows = np.asarray(pc.sort_indices(listed, sort_keys=by)).astype(np.int64)
    ordered = listed.take(pa.array(rows))
    repeats = np.ones(len(rows), dtype=bool)
    repeats[:1] = False
    for name in ["#run", *compared]:
        column = ordered[name].combine_chunks()
        before, after = column[:-1], column[1:]
        equal = pc.or_(pc.fill_null(pc.equal(before, after), False), pc.and_(before.is_null(), after.is_null()))
        repeats[1:] &= np.asarray(equal)
    return rows, repeats


def _unique_groups(table: Table, columns: pa.Table) -> list[pa.Array]:
    """Return, for each rule of uniqueness beyond full equality, an array of group labels (null: none)."""
    if _SAME_CODE in columns.column_names:
        joined = pc.binary_join_element_wise(columns["cpf"], columns[_SAME_CODE], " ")
        return [joined.combine_chunks()]
    unique = {*table.unique, (table.primary_key,)}
    return [columns["cpf"].combine_chunks()] if ("cpf",) in unique else []


def _later_by_key(groups: pa.Array, keys: pa.Array, candidates: Flags) -> Flags:
    """Return which candidate rows share a group with another candidate whose key sorts before theirs."""
    encoded = pc.fill_null(groups.dictionary_encode().indices, -1)
    labels = np.asarray(encoded).astype(np.int64)
    counted = candidates & (labels >= 0)
    sizes = np.bincount(labels[counted], minlength=1)
    rows = np.flatnonzero(counted)
    rows = rows[sizes[labels[rows]] > 1]
    later = np.zeros(len(labels), dtype=bool)
    if rows.size:
        listed = pa.table({"group": labels[rows], "key": key_texts(keys.take(pa.array(rows)))})
        sorted_rows = rows[
            np.asarray(pc.sort_indices(listed, sort_keys=[("group", "ascending"), ("key", "ascending")]))
        ]
        later[sorted_rows] = _equal_to_previous([labels[sorted_rows]])
    return later
