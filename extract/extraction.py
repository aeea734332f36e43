"""One CPF range of the three stores, or what no range holds, as checked tables, rejects and counts.

The stores are read at the same time, each by its own thread. The result depends on the data alone, never
on the order in which a store returned it, and memory is that of the range.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pyarrow as pa

from contracts.extraction import CpfRange, Extraction
from contracts.tables import CLIENTE, DIVIDA, TABLES
from extract import base_a, base_b, base_c
from extract.checking import Checked, check_clients, check_records
from extract.records import Records
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
    return check_extracted(records, as_of=as_of)


def extract_debts(sources: Sources, cpf_range: CpfRange, *, as_of: date) -> dict[str, pa.Table]:
    """Return the checked clients and debts of one CPF range, from Base A alone: what labels are made of.

    Raises as ``extract_range`` does.
    """
    records = base_a.read_range(sources.base_a, cpf_range)
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
    return check_extracted(records, as_of=as_of)


def check_extracted(records: dict[str, Records], *, as_of: date) -> Extraction:
    """Return the records of all eight tables, checked; ``records`` is emptied on the way to free memory."""
    checked: dict[str, Checked] = {}
    checked[CLIENTE.name], clients = check_clients(records.pop(CLIENTE.name), as_of=as_of)
    for table in TABLES:
        if table is not CLIENTE:
            checked[table.name] = check_records(records.pop(table.name), clients, as_of=as_of)
    extraction = Extraction(
        tables={name: part.table for name, part in checked.items()},
        rejects=pa.concat_tables([part.rejects for part in checked.values()]).sort_by(_REJECTS_ORDER).combine_chunks(),
        counts={name: part.counts for name, part in checked.items()},
        aside={name: part.aside for name, part in checked.items() if part.aside is not None},
        heads={name: part.heads for name, part in checked.items() if part.heads},
    )
    pa.default_memory_pool().release_unused()
    return extraction


def _read_stores(*readers: Callable[[], dict[str, Records]]) -> dict[str, Records]:
    with ThreadPoolExecutor(len(readers), thread_name_prefix="extract") as pool:
        parts = [pool.submit(reader) for reader in readers]
        return {name: records for part in parts for name, records in part.result().items()}
