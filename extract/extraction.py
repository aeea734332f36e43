"""One CPF range of the three stores, or what no range holds, as checked tables, rejects and counts.

The stores are read at the same time, each by its own thread. The result depends on the data alone, never
on the order in which a store returned it, and memory is that of the range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow as pa

from contracts.extraction import CpfRange, Extraction, TableCounts
from contracts.tables import CLIENTE, DIVIDA, TABLES
from extract import base_a, base_b, base_c
from extract.asides import count_heads
from extract.checking import Checked, check_clients, check_records
from extract.erased import ERASED_RULE, Erased
from extract.records import Records, filter_records
from extract.sources import Sources

_REJECTS_ORDER = [(name, "ascending") for name in ("base", "tabela", "chave", "regra")]


def extract_range(sources: Sources, cpf_range: CpfRange, *, as_of: date) -> Extraction:
    """Return the checked records of one CPF range as known by the end of ``as_of``.

    Raises
    ------
    StoreUnavailableError
        A store did not answer; the range may be tried again.
    StoreContractError
        A table, column or right is missing, or a reply is malformed.
    """
    records = _read_stores(
        lambda: base_a.read_range(sources.base_a, cpf_range),
        lambda: base_b.read_range(sources.base_b, cpf_range),
        lambda: base_c.read_range(sources.base_c, cpf_range),
    )
    return check_extracted(records, as_of=as_of, erased=sources.erased)


def extract_debts(sources: Sources, cpf_range: CpfRange, *, as_of: date) -> dict[str, pa.Table]:
    """Return the checked clients and debts of one CPF range, from Base A alone: what labels are made of.

    Raises as ``extract_range`` does.
    """
    records, _ = drop_erased(base_a.read_range(sources.base_a, cpf_range), sources.erased)
    checked, clients = check_clients(records[CLIENTE.name], as_of=as_of)
    debts = check_records(records[DIVIDA.name], clients, as_of=as_of)
    return {CLIENTE.name: checked.table, DIVIDA.name: debts.table}


def extract_strays(sources: Sources, *, as_of: date) -> Extraction:
    """Return what becomes of the records that no CPF range returns; its tables are empty.

    Those are rows without a CPF, debts without a client, and documents whose ``cpf`` is missing or not text.
    Raises as ``extract_range`` does.
    """
    records = _read_stores(
        lambda: base_a.read_strays(sources.base_a),
        lambda: base_b.read_strays(sources.base_b),
        lambda: base_c.read_strays(sources.base_c),
    )
    return check_extracted(records, as_of=as_of, erased=sources.erased)


def check_extracted(
    records: dict[str, Records],
    *,
    as_of: date,
    erased: Erased | None = None,
    known_erased: Mapping[str, int] | None = None,
) -> Extraction:
    """Return the records of all eight tables, checked; ``records`` is emptied on the way to free memory.

    Those of erased persons are dropped and counted; ``known_erased`` are the events, by collection, of which the
    number alone is left.
    """
    records, dropped = drop_erased(records, erased)
    checked: dict[str, Checked] = {}
    checked[CLIENTE.name], clients = check_clients(records.pop(CLIENTE.name), as_of=as_of)
    for table in TABLES:
        if table is not CLIENTE:
            checked[table.name] = check_records(records.pop(table.name), clients, as_of=as_of)
    known = known_erased or {}
    extraction = Extraction(
        tables={name: part.table for name, part in checked.items()},
        rejects=pa.concat_tables([part.rejects for part in checked.values()]).sort_by(_REJECTS_ORDER).combine_chunks(),
        counts={
            name: part.counts + _count_erased(dropped.get(name), known.get(name, 0)) for name, part in checked.items()
        },
        aside={name: part.aside for name, part in checked.items() if part.aside is not None},
        heads={
            name: _add_heads(part.heads, dropped.get(name), known.get(name, 0), as_of=as_of)
            for name, part in checked.items()
            if part.heads
        },
    )
    pa.default_memory_pool().release_unused()
    return extraction


def drop_erased(records: Mapping[str, Records], erased: Erased | None) -> tuple[dict[str, Records], dict[str, Records]]:
    """Return the records without those of erased persons, and those, of the tables that have any."""
    if erased is None:
        return dict(records), {}
    gone = {name: flags for name, flags in erased.find(records).items() if flags.any()}
    kept = {name: filter_records(found, ~gone[name]) if name in gone else found for name, found in records.items()}
    return kept, {name: filter_records(records[name], flags) for name, flags in gone.items()}


def _count_erased(dropped: Records | None, known: int) -> TableCounts:
    number = (0 if dropped is None else len(dropped)) + known
    return TableCounts(read=number, ignored={ERASED_RULE: number} if number else {})


def _add_heads(kept: tuple[int, ...], dropped: Records | None, known: int, *, as_of: date) -> tuple[int, ...]:
    """Return the events by age, the erased ones among them: what the store should hold."""
    erased = (0,) * len(kept) if dropped is None else count_heads(dropped, as_of=as_of)
    return tuple(a + b + known for a, b in zip(kept, erased, strict=True))


def _read_stores(*readers: Callable[[], dict[str, Records]]) -> dict[str, Records]:
    with ThreadPoolExecutor(len(readers), thread_name_prefix="extract") as pool:
        parts = [pool.submit(reader) for reader in readers]
        return {name: records for part in parts for name, records in part.result().items()}
