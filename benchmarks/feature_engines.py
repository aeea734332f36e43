# ruff: noqa: PLC0415 - each contender imports its own engine, in a process of its own
"""Which engine computes windowed features fastest: pyarrow's group_by, DuckDB or Polars.

    python benchmarks/feature_engines.py --consumers 1000000 --events 20

One table of events (cpf as text, sorted; instant; credit or debit; cents) and nineteen windowed aggregates a
consumer, the same in every engine, with the consumer as text and as an integer code. Every contender runs in a
process of its own: median of the repeats, peak resident memory, and a checksum that must agree. Engines that
are not installed are named and left out. ``--catalog`` also times ``build_features`` over the whole catalog.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 6, 30)
CUTOFF = datetime(2026, 7, 1, 3)
WINDOWS = (30, 90, 180, 365)
DAY_US = 86_400_000_000
SEED = 20261122
CONTENDERS = ("pyarrow-texto", "pyarrow-inteiro", "duckdb-texto", "duckdb-inteiro", "polars-texto", "polars-inteiro")
AGGREGATES = 19

Run = Callable[[pa.Table], tuple[int, int]]
"""Computes all aggregates; returns the number of consumers and the sum of every aggregate."""


def make_cpfs(consumers: int) -> pa.Array:
    """Return sorted distinct texts of eleven digits (their check digits do not matter here)."""
    numbers = np.arange(consumers, dtype=np.int64) * (10**11 // consumers) + 12345
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 11, "0")


def spread_over_consumers(rng: np.random.Generator, consumers: int, rows: int) -> np.ndarray[Any, Any]:
    """Return sorted consumer numbers, ``rows`` of them, at random."""
    return np.sort(rng.integers(0, consumers, rows, dtype=np.int64))


def instants_before(rng: np.random.Generator, rows: int, *, days: int) -> pa.Array:
    """Return instants in the ``days`` before the cutoff, to the microsecond."""
    cutoff_us = int((CUTOFF - datetime(1970, 1, 1)) / timedelta(microseconds=1))
    return pa.array(cutoff_us - 1 - rng.integers(0, days * DAY_US, rows)).cast(pa.timestamp("us"))


def make_events(consumers: int, events: int) -> pa.Table:
    """Return the benchmark's one table of events, sorted by cpf."""
    rng = np.random.default_rng(SEED)
    rows = consumers * events
    owners = pa.array(spread_over_consumers(rng, consumers, rows))
    kinds = pa.array(["credito", "debito"]).take(pa.array((rng.random(rows) < 0.6).astype(np.int8)))
    return pa.table(
        {
            "cpf": make_cpfs(consumers).take(owners),
            "codigo": owners,
            "tipo": kinds,
            "instante": instants_before(rng, rows, days=540),
            "centavos": pa.array(rng.integers(100, 500_000, rows)),
        }
    )


def run_pyarrow(key: str) -> Run:
    """Return the pyarrow contender: masked columns, then one group_by."""

    def run(events: pa.Table) -> tuple[int, int]:
        cutoff = pa.scalar(CUTOFF, pa.timestamp("us"))
        oldest = pa.scalar(CUTOFF - timedelta(days=365), pa.timestamp("us"))
        instants = events["instante"]
        events = events.filter(pc.and_(pc.less(instants, cutoff), pc.greater_equal(instants, oldest)))
        elapsed = pc.subtract(pa.scalar(_cutoff_us() - 1), events["instante"].cast(pa.int64()))
        days = pc.divide(elapsed, pa.scalar(DAY_US)).cast(pa.int16())
        cents, none = events["centavos"], pa.scalar(None, pa.int64())
        columns: dict[str, Any] = {"chave": events[key], "dias": days}
        asked: list[tuple[str, str]] = [("dias", "min"), ("centavos", "max"), ("dias", "count")]
        columns["centavos"] = cents
        for kind in ("credito", "debito"):
            of_kind = pc.equal(events["tipo"], kind)
            for window in WINDOWS:
                name = f"{kind}_{window}"
                inside = pc.and_(of_kind, pc.less(days, pa.scalar(window, pa.int16())))
                columns[name] = pc.if_else(inside, cents, none)
                asked += [(name, "sum"), (name, "count")]
        result = pa.table(columns).group_by("chave").aggregate(asked)
        return result.num_rows, sum(
            pc.sum(result[name]).as_py() or 0 for name in result.column_names if name != "chave"
        )

    return run


def run_duckdb(key: str) -> Run:
    """Return the DuckDB contender: one SQL text straight over the Arrow table."""
    import duckdb

    aggregates = ["min(dias)", "max(centavos)", "count(*)"]
    for kind in ("credito", "debito"):
        for window in WINDOWS:
            aggregates += [
                f"sum(CASE WHEN {kind} AND dias < {window} THEN centavos ELSE 0 END)",
                f"count(*) FILTER (WHERE {kind} AND dias < {window})",
            ]
    named = ", ".join(f"{sql} AS a{i}" for i, sql in enumerate(aggregates))
    query = f"""
        WITH linhas AS (
          SELECT {key}, centavos, tipo = 'credito' AS credito, tipo = 'debito' AS debito,
            CAST(({_cutoff_us() - 1} - epoch_us(instante)) // {DAY_US} AS SMALLINT) AS dias
          FROM eventos WHERE instante < $corte AND instante >= $corte - INTERVAL 365 DAY)
        SELECT {key}, {named} FROM linhas GROUP BY {key}"""

    def run(events: pa.Table) -> tuple[int, int]:
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET preserve_insertion_order = false")
            connection.register("eventos", events)
            result = connection.sql(query, params={"corte": CUTOFF}).to_arrow_table()
        assert result is not None
        total = sum(int(pc.sum(result[f"a{i}"]).as_py()) for i in range(AGGREGATES))
        return result.num_rows, total

    return run


def run_polars(key: str) -> Run:
    """Return the Polars contender: one lazy query over the Arrow table."""
    import polars as pl

    days = pl.col("dias")
    aggregates = [days.min().alias("a0"), pl.col("centavos").max().alias("a1"), pl.len().alias("a2")]
    for kind in ("credito", "debito"):
        for window in WINDOWS:
            inside = (pl.col("tipo") == kind) & (days < window)
            money = pl.when(inside).then(pl.col("centavos")).otherwise(0)
            aggregates += [money.sum().alias(f"s_{kind}_{window}"), inside.sum().alias(f"n_{kind}_{window}")]

    def run(events: pa.Table) -> tuple[int, int]:
        frame = pl.from_arrow(events.select([key, "tipo", "instante", "centavos"]))
        assert isinstance(frame, pl.DataFrame)
        elapsed = pl.lit(_cutoff_us() - 1) - pl.col("instante").to_physical()
        recent = (pl.col("instante") < CUTOFF) & (pl.col("instante") >= CUTOFF - timedelta(days=365))
        result = (
            frame.lazy()
            .set_sorted(key)
            .filter(recent)
            .with_columns((elapsed // DAY_US).cast(pl.Int16).alias("dias"))
            .group_by(key)
            .agg(aggregates)
            .collect()
        )
        return result.height, sum(int(result[name].cast(pl.Int64).sum()) for name in result.columns if name != key)

    return run


def _cutoff_us() -> int:
    return int((CUTOFF - datetime(1970, 1, 1)) / timedelta(microseconds=1))


ENGINES: dict[str, Callable[[str], Run]] = {"pyarrow": run_pyarrow, "duckdb": run_duckdb, "polars": run_polars}


def make_catalog_tables(consumers: int, events: int) -> dict[str, pa.Table]:
    """Return the eight lake tables: of the events 60% movements, 30% purchases, 10% consultations; 3 debts each."""
    from contracts.tables import TABLES

    rng = np.random.default_rng(SEED)
    cpfs = make_cpfs(consumers)
    shares = {"movimentacoes": 0.6 * events, "compras": 0.3 * events, "consultas": 0.1 * events}
    shares |= {"divida": 3, "fonte_de_renda": 1.4, "bem": 0.8}
    tables = {}
    for table in TABLES:
        owners = np.arange(consumers)
        if table.name in shares:
            owners = spread_over_consumers(rng, consumers, int(consumers * shares[table.name]))
        columns = [_make_column(rng, field, cpfs, owners) for field in table.lake_schema]
        tables[table.name] = pa.table(columns, schema=table.lake_schema)
    return tables


def _make_column(
    rng: np.random.Generator, field: pa.Field, cpfs: pa.Array, owners: np.ndarray[Any, Any]
) -> pa.Array | pa.ChunkedArray:
    rows = len(owners)
    texts = {
        "uf": ("SP", "RJ", "MG", "BA"),
        "frequencia": ("mensal", "semanal", "anual", "unica"),
        "tipo_movimentacao": ("credito", "debito", "debito"),
        "tipo_empresa": ("banco", "varejo", "telefonia", "titular"),
        "tipo": ("credito", "debito", "parcelado"),
        "empresa": tuple(f"Empresa {i:03d} S.A." for i in range(200)),
    }
    if field.name in ("cpf", "id", "cliente_id"):
        return cpfs.take(pa.array(owners))
    if pa.types.is_string(field.type):
        choices = pa.array(texts.get(field.name, ("um", "dois", "três")))
        return choices.take(pa.array(rng.integers(0, len(choices), rows)))
    if pa.types.is_int64(field.type):
        return pa.array(rng.integers(100, 500_000, rows))
    if pa.types.is_date32(field.type):
        span = (9_000, 25_000) if field.name == "data_nascimento" else (-100, 2_000)
        return (
            pa.array((date(2026, 6, 30) - date(1970, 1, 1)).days - rng.integers(*span, rows))
            .cast(pa.int32())
            .cast(pa.date32())
        )
    if field.nullable:
        ends = instants_before(rng, rows, days=900)
        return pc.if_else(pa.array(rng.random(rows) < 0.5), ends, pa.scalar(None, ends.type))
    return instants_before(rng, rows, days=540)


def work(contender: str, *, data: Path, repeats: int) -> dict[str, Any]:
    """Run one contender in this process and return its seconds, memory in MiB and checksum."""
    if contender == "catalogo":
        return _work_catalog(data, repeats=repeats)
    engine, kind = contender.split("-")
    key = {"texto": "cpf", "inteiro": "codigo"}[kind]
    with pa.OSFile(str(data / "eventos.arrow")) as source:
        events = pa.ipc.open_file(source).read_all().select([key, "tipo", "instante", "centavos"])
    run = ENGINES[engine](key)
    loaded = _peak_mib()
    return _measure(lambda: run(events), repeats=repeats, loaded=loaded)


def _measure(run: Callable[[], tuple[int, int]], *, repeats: int, loaded: int) -> dict[str, Any]:
    seconds, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        checksum = run()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return {"segundos": seconds, "cpu": cpu, "carga": loaded, "pico": _peak_mib(), "soma": checksum}


def _work_catalog(data: Path, *, repeats: int) -> dict[str, Any]:
    from features.build import build_features

    sizes = json.loads((data / "tamanho.json").read_text())
    tables = make_catalog_tables(sizes["consumers"], sizes["events"])

    def run() -> tuple[int, int]:
        built = build_features(tables, AS_OF)
        return built.num_rows, built.num_columns

    return _measure(run, repeats=repeats, loaded=_peak_mib())


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def compare(consumers: int, events: int, *, repeats: int, contenders: tuple[str, ...]) -> None:
    """Write the data once, run every contender in a process of its own and print the table."""
    print(f"{consumers:,} consumers x {events} events, {AGGREGATES} aggregates, median of {repeats}")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, pyarrow {pa.__version__}")
    with tempfile.TemporaryDirectory(prefix="escore-bench-") as folder:
        data = Path(folder)
        (data / "tamanho.json").write_text(json.dumps({"consumers": consumers, "events": events}))
        if set(contenders) != {"catalogo"}:
            table = make_events(consumers, events)
            with pa.OSFile(str(data / "eventos.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=1_000_000)
            del table
        results = {name: _spawn(name, data, repeats=repeats) for name in contenders}
    _print_table({name: result for name, result in results.items() if result is not None})


def _spawn(contender: str, data: Path, *, repeats: int) -> dict[str, Any] | None:
    module = "duckdb" if contender == "catalogo" else contender.split("-", maxsplit=1)[0]
    if importlib.util.find_spec(module) is None:
        print(f"{contender}: {module} is not installed here, left out")
        return None
    command = [sys.executable, __file__, "--worker", contender, "--data", str(data), "--repeats", str(repeats)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout)
    print(f"{contender}: {', '.join(f'{s:.2f}' for s in result['segundos'])} s", flush=True)
    return result


def _print_table(results: dict[str, dict[str, Any]]) -> None:
    sums = {tuple(result["soma"]) for name, result in results.items() if name != "catalogo"}
    if len(sums) > 1:
        raise SystemExit(f"the engines disagree: {sums}")
    best = min(statistics.median(result["segundos"]) for result in results.values())
    print(f"\n{'contender':<18}{'median s':>10}{'cpu s':>8}{'x best':>9}{'peak MiB':>11}{'above data':>12}")
    for name, result in sorted(results.items(), key=lambda item: statistics.median(item[1]["segundos"])):
        median = statistics.median(result["segundos"])
        cpu = statistics.median(result["cpu"])
        peak, above = result["pico"], result["pico"] - result["carga"]
        print(f"{name:<18}{median:>10.2f}{cpu:>8.2f}{median / best:>9.2f}{peak:>11,}{above:>12,}")


def main() -> None:
    """Read the arguments and compare, or be one contender's process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--catalog", action="store_true", help="also time build_features over the whole catalog")
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(work(arguments.worker, data=arguments.data, repeats=arguments.repeats)))
        return
    contenders = (*arguments.only, *(("catalogo",) if arguments.catalog else ()))
    compare(arguments.consumers, arguments.events, repeats=arguments.repeats, contenders=contenders)


if __name__ == "__main__":
    main()
