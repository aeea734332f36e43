"""The night after: a full run and an incremental run of the same stores, one after the other, and their ratio.

    python -m benchmarks.incremental_night --consumers 20000 [--events 20] [--repeat 1]
    python -m benchmarks.incremental_night --var copy/of/var [--repeat 5]

Populates stores in a temporary folder (minutes), trains a model on one CPF range and runs a night in full. Then 1% of
the consumers change (their rows in Bases A and B, a new debt or a new income each) and the whole population has one
more day of events. Each repetition runs the next night in full and incrementally, in turns, each after a rollback to
the first night, so both start from the same state. Each run is `escore run` as a process of its own: the clock runs
from its start to its end, and its CPU is counted without the servers'. With `--var` the stores in that folder are
used, and changed: give it a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import sqlalchemy as sa

from benchmarks.temporary_stores import temporary_stores
from contracts.settings import Settings, load_settings
from contracts.tables import TABLES_BY_NAME
from stores.connections import mongo_database, sql_engine
from stores.embedded import start_stores, stop_stores
from stores.migrate import migrate

AS_OF = date(2025, 12, 31)
NEXT = AS_OF + timedelta(days=1)
NOON = datetime(NEXT.year, NEXT.month, NEXT.day, 15)
DAYS_OF_HISTORY = 1_095
CHANGED_SHARE = 0.01
SEED = 20_261_122
TRAINED_ON = 10_000
BAR = 0.30
FULL, INCREMENTAL = "full", "incremental"
OPTIONS: Mapping[str, tuple[str, ...]] = {FULL: (), INCREMENTAL: ("--incremental",)}
SHARES = {"consultas": 0.2, "movimentacoes": 0.45, "compras": 0.35}


@dataclass(frozen=True, slots=True)
class Night:
    """What one run took, seconds of clock and of its own process's CPU, and what it said of itself."""

    wall: float
    cpu: float
    told: Mapping[str, Any]


def escore(settings: Settings, *arguments: str) -> str:
    """Run the command line as a process of its own and return what it printed."""
    command = [sys.executable, "-m", "flows.cli", *arguments]
    environment = os.environ | {
        "SCORE_VAR": str(settings.var),
        "SCORE_TRAINING_CLIENTS": str(TRAINED_ON),
        "SCORE_STORE_TIMEOUT_SECONDS": "60",
    }
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"escore {' '.join(arguments)} failed\n{done.stderr}")
    return done.stdout


def run_night(settings: Settings, as_of: date, *options: str) -> Night:
    """Run one night and return what it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    told = json.loads(escore(settings, "run", "--as-of", as_of.isoformat(), "--json", *options))
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Night(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told)


def change_stores(settings: Settings, *, events: float) -> dict[str, int]:
    """Let a day pass: 1% of the consumers change, everybody goes on consulting, moving and buying."""
    rng = np.random.default_rng(SEED)
    people = _people(settings)
    chosen = [people[place] for place in rng.permutation(len(people))[: max(1, int(len(people) * CHANGED_SHARE))]]
    _write(settings, "base_a_admin_url", _changes_of_a(chosen))
    _write(settings, "base_b_admin_url", _changes_of_b(chosen))
    counts = {"changed consumers": len(chosen)}
    database = mongo_database(settings.secret("base_c_admin_url"), timeout=60)
    with database.client:
        for name, share in SHARES.items():
            number = round(len(people) * events / DAYS_OF_HISTORY * share)
            owners = [people[place][1] for place in rng.integers(0, len(people), number)]
            minutes = rng.integers(0, 720, number)
            database[name].insert_many([_event(name, *one) for one in zip(owners, minutes.tolist(), strict=True)])
            counts[f"new {name}"] = number
    return counts


def _people(settings: Settings) -> Sequence[tuple[str, str]]:
    engine = sql_engine(settings.secret("base_a_url"), timeout=60)
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.text("select id, cpf from cliente where cpf is not null order by id"))
            return [(row.id, row.cpf) for row in rows]
    finally:
        engine.dispose()


def _changes_of_a(chosen: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    ids = [client_id for client_id, _ in chosen]
    yield "update cliente set uf = 'AC', atualizado_em = :now where id = :id", [{"id": i, "now": NOON} for i in ids]
    yield (
        "insert into divida (id, cliente_id, empresa, valor, vencimento, registrada_em)"
        " values (:key, :id, 'Banco do Vale', 431.50, :due, :now)",
        [{"key": str(uuid4()), "id": i, "due": NEXT, "now": NOON} for i in ids[::2]],
    )


def _changes_of_b(chosen: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    cpfs = [cpf for _, cpf in chosen]
    yield "update pessoa set atualizado_em = :now where cpf = :cpf", [{"cpf": c, "now": NOON} for c in cpfs]
    yield (
        "insert into fonte_de_renda (id, cpf, tipo, descricao, valor, frequencia, registrada_em)"
        " select :key, cpf, 'salario', 'emprego', 2750.00, 'mensal', :now from pessoa where cpf = :cpf",
        [{"key": str(uuid4()), "cpf": c, "now": NOON} for c in cpfs[1::2]],
    )


def _write(settings: Settings, store: str, statements: Iterator[tuple[str, list[dict[str, Any]]]]) -> None:
    engine = sql_engine(settings.secret(store), timeout=60)
    try:
        with engine.begin() as connection:
            for statement, rows in statements:
                if rows:
                    connection.execute(sa.text(statement), rows)
    finally:
        engine.dispose()


def _event(name: str, cpf: str, minutes: int) -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "consultas": {"empresa": "Loja Aurora", "tipo_empresa": "loja"},
        "movimentacoes": {"tipo_movimentacao": "credito" if minutes % 2 else "debito", "valor": 10.5 + minutes},
        "compras": {"valor": 5.25 + minutes, "tipo": "credito", "codigo_transacao": str(uuid4())},
    }
    return {"cpf": cpf, str(TABLES_BY_NAME[name].known_at): NOON + timedelta(minutes=minutes), **own[name]}


@contextmanager
def given_stores(var: Path) -> Iterator[Settings]:
    """Yield the settings of a folder's stores, started and migrated; stop them at the end."""
    try:
        start_stores(var, with_prefect=True, report=lambda _line: None)
        settings = load_settings({"var": var, "store_timeout_seconds": 60})
        migrate(settings)
        yield settings
    finally:
        stop_stores(var)


@contextmanager
def populated_stores(consumers: int, events: float) -> Iterator[Settings]:
    """Yield the settings of new stores with so many consumers; erase them at the end."""
    with temporary_stores(with_prefect=True) as settings:
        arguments = ("--clients", str(consumers), "--events", str(events), "--dirty", "0.01")
        escore(settings, "populate", *arguments, "--as-of", AS_OF.isoformat())
        yield settings


def measure(settings: Settings, *, events: float, repeat: int) -> dict[str, list[Night]]:
    """Run the first night, let a day pass, run the next night in both ways so many times."""
    escore(settings, "train", "--as-of", AS_OF.isoformat(), "--dates", "1")
    first = run_night(settings, AS_OF)
    say(f"first night: {first.wall:.1f} s, {first.told['clientes']['extraidos']:,} consumers")
    say(", ".join(f"{name} {number:,}" for name, number in change_stores(settings, events=events).items()))
    nights: dict[str, list[Night]] = defaultdict(list)
    for number in range(repeat):
        for name in sorted(OPTIONS, reverse=bool(number % 2)):
            night = run_night(settings, NEXT, *OPTIONS[name])
            nights[name].append(night)
            say(f"{name}: wall {night.wall:.2f} s, CPU {night.cpu:.2f} s; {night.told['leitura']}")
            escore(settings, "rollback")
    return nights


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def print_result(nights: Mapping[str, Sequence[Night]]) -> None:
    """Print medians, ratios, and whether all runs published the same bytes."""
    wall = {name: statistics.median(night.wall for night in done) for name, done in nights.items()}
    cpu = {name: statistics.median(night.cpu for night in done) for name, done in nights.items()}
    prints = {night.told["impressao"] for done in nights.values() for night in done}
    print(f"medians of {len(nights[FULL])}, load {os.getloadavg()[0]:.1f}")
    print(f"{'run':<14}{'wall s':>9}{'CPU s':>9}")
    for name in (FULL, INCREMENTAL):
        print(f"{name:<14}{wall[name]:>9.2f}{cpu[name]:>9.2f}")
    print(f"incremental / full: wall {wall[INCREMENTAL] / wall[FULL]:.3f} (at most {BAR:.2f}), ", end="")
    print(f"CPU {cpu[INCREMENTAL] / cpu[FULL]:.3f}")
    print(f"same bytes published: {len(prints) == 1}")
    if len(prints) != 1:
        raise SystemExit("the runs published different scores")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=20_000)
    parser.add_argument("--events", type=float, default=20, help="mean Base C events a consumer in 36 months")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--var", type=Path, help="folder of populated stores, as of 2025-12-31; they are changed")
    options = parser.parse_args()
    stores = populated_stores(options.consumers, options.events) if options.var is None else given_stores(options.var)
    with stores as settings:
        print_result(measure(settings, events=options.events, repeat=options.repeat))


if __name__ == "__main__":
    main()
