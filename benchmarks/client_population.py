"""Consumers with a few debts each in Base A: the generated population's registers without its events, by COPY."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from itertools import islice

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from contracts.settings import Settings
from contracts.tables import CLIENTE, DIVIDA
from population.consumers import draw_consumers
from population.cpf_numbers import CpfIssuer
from population.identifiers import random_uuids
from population.months import MonthGrid
from population.parameters import BLOCK_SIZE
from population.raw_schema import choose, decimals, nullable_instants, raw_table
from population.registers import draw_registers
from population.relational_load import insert_rows
from stores.connections import sql_engine
from stores.migrate import migration_sql

SEED = 20_261_122
AS_OF = date(2025, 12, 31)
COMPANIES = ("Banco do Vale", "Loja Aurora", "Telefonia Sul", "Energia Norte", "Financeira Central")
DEBTS_EACH = 1.2
SLICES = 10
_MARK = "CREATE INDEX IF NOT EXISTS "
_SIZES = sa.text(
    "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relname LIKE '%cliente%' AND relkind IN ('r', 'i')"
    " ORDER BY 2 DESC"
)


def fill_base_a(settings: Settings, consumers: int) -> None:
    """Load migrated Base A, nine tenths without the listing's indexes and one with them; print times and sizes."""
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=10)
    statements = {
        text.split(_MARK)[1].split()[0]: text.strip()
        for text in migration_sql("base_a", "postgresql").split(";")
        if _MARK in text
    }
    blocks = _draw_blocks(consumers)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in statements:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        seconds = [_load(engine, blocks, consumers // SLICES) for _ in range(SLICES - 1)]
        print(f"load without the indexes: {sum(seconds) / (SLICES - 1):.1f} s for {consumers // SLICES:,} consumers")
        for name, statement in statements.items():
            started = time.perf_counter()
            connection.exec_driver_sql(statement)
            print(f"build {name}: {time.perf_counter() - started:.1f} s")
        print(f"load with them: {_load(engine, blocks, consumers // SLICES):.1f} s")
        connection.exec_driver_sql("VACUUM ANALYZE cliente")
        connection.exec_driver_sql("VACUUM ANALYZE divida")
        for name, size in connection.execute(_SIZES):
            print(f"size of {name}: {size / 1e6:.0f} MB")
    engine.dispose()


def _load(engine: sa.Engine, blocks: Iterator[tuple[pa.Table, pa.Table]], consumers: int) -> float:
    """Load so many consumers; return the seconds that ``cliente`` took."""
    clients, debts = zip(*islice(blocks, consumers // BLOCK_SIZE), strict=True)
    started = time.perf_counter()
    with engine.begin() as connection:
        insert_rows(connection, CLIENTE, pa.concat_tables(clients))
    seconds = time.perf_counter() - started
    with engine.begin() as connection:
        insert_rows(connection, DIVIDA, pa.concat_tables(debts))
    return seconds


def _draw_blocks(consumers: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    issuer, grid = CpfIssuer(SEED), MonthGrid(AS_OF, 36)
    for block in range(consumers // BLOCK_SIZE):
        rng = np.random.default_rng([SEED, block])
        clients, _, _ = draw_registers(rng, draw_consumers(rng, block, issuer, grid), grid)
        yield clients, _draw_debts(rng, clients["id"])


def _draw_debts(rng: np.random.Generator, ids: pa.ChunkedArray) -> pa.Table:
    owners = np.repeat(np.arange(len(ids)), rng.poisson(DEBTS_EACH, len(ids)))
    count = len(owners)
    due = np.datetime64("2019-01-01") + rng.integers(0, 2_900, count).astype("timedelta64[D]")
    known = due.astype("datetime64[us]")
    return raw_table(
        DIVIDA,
        {
            "id": random_uuids(rng, count),
            "cliente_id": ids.take(pa.array(owners)),
            "empresa": choose(COMPANIES, rng.integers(0, len(COMPANIES), count)),
            "valor": decimals(rng.integers(1_000, 500_000, count), 14),
            "vencimento": pa.array(due),
            "registrada_em": pa.array(known),
            "baixada_em": nullable_instants(known + np.timedelta64(90, "D"), rng.random(count) < 0.4),
        },
    )
