"""What publishing a run costs beside its floor: the same bytes moved with nothing computed, in alternating rounds.

Usage: python -m benchmarks.publishing [--consumers 100000] [--rounds 5]. It starts embedded stores of its own in a
temporary folder, publishes made-up scores, and prints wall seconds, CPU seconds of this process, the ratio of each
to the floor's, the bytes moved and Redis's bytes a consumer.
"""

from __future__ import annotations

import argparse
import gc
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import cast

import psutil
import pyarrow as pa
import sqlalchemy as sa

from benchmarks.made_up_scores import CODES, make_scores
from benchmarks.peers.server_process import cpu_seconds, machine_line, wait_until_idle
from benchmarks.publishing_floor import move, prepare
from benchmarks.temporary_stores import temporary_stores
from contracts.settings import Settings
from serve.published.run_info import RunInfo
from serve.publishing.content_digest import ContentDigest
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine

RANGE_ROWS = 10_000
"""Consumers in a CPF range by default, one table of scores each."""


BACKENDS_END = 0.5
"""Seconds after which PostgreSQL has counted the CPU time of backends whose connection was closed."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one publication took: seconds, CPU seconds of this process and of the stores, bytes in Redis."""

    wall: float
    client_cpu: float
    server_cpu: float
    redis_bytes: int


class Bench:
    """Publishes the same scores again and again, by `Publisher` and by the floor, into emptied stores."""

    def __init__(self, settings: Settings, scores: pa.Table, *, settle: bool = True) -> None:
        self.settle = settle
        self.settings = settings
        self.scores = scores
        self.cache = redis_client(settings.secret("redis_url"), timeout=60)
        self.owner = sql_engine(settings.secret("results_admin_url"), timeout=10)
        self.redis_server = psutil.Process(self._redis_says("server", "process_id"))
        with self.owner.connect() as connection:
            backend = psutil.Process(connection.scalar(sa.text("SELECT pg_backend_pid()")))
        self.postmaster = psutil.Process(backend.ppid())
        # A rewrite of the append-only file would fall into some rounds and not into others.
        self.cache.config_set("auto-aof-rewrite-percentage", 0)

    def close(self) -> None:
        """Give the connections back."""
        self.cache.config_set("auto-aof-rewrite-percentage", 100)
        self.cache.close()
        self.owner.dispose()

    def publish(self) -> Round:
        """Publish by `Publisher` as a run does: range by range, with the content's digest."""
        run = self.begin()
        return self.measure(lambda: self._publish(run))

    def floor(self) -> tuple[Round, int]:
        """Move the same bytes; return what it took and how many there were."""
        run = self.begin()
        payload = prepare(self.settings, run, self.scores)
        return self.measure(lambda: move(self.settings, run, payload)), payload.size

    def _publish(self, run: RunInfo) -> None:
        engine = sql_engine(self.settings.secret("results_url"), timeout=10)
        cache = redis_client(self.settings.secret("redis_url"), timeout=60)
        publisher = Publisher(engine, cache, cache_key=self.settings.secret("cache_key").encode())
        digest = ContentDigest()
        publisher.begin(run, consumers=len(self.scores))
        parts = [self.scores.slice(start, RANGE_ROWS) for start in range(0, len(self.scores), RANGE_ROWS)]

        def ranges() -> Iterator[pa.Table]:
            for part in parts:
                digest.update(part)
                yield part

        publisher.stage_all(ranges())
        digest.hexdigest()
        publisher.switch(run)
        engine.dispose()
        cache.close()

    def measure(self, call: Callable[[], None]) -> Round:
        """Return what a piece of work took, here and of the stores."""
        gc.collect()
        if self.settle:
            wait_until_idle([], self._servers())
        memory, servers = self.used_memory(), self._server_cpu()
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        time.sleep(BACKENDS_END)
        return Round(wall, cpu, self._server_cpu() - servers, self.used_memory() - memory)

    def begin(self) -> RunInfo:
        """Empty both stores and enter a run in the ledger."""
        self.cache.flushdb()
        with self.owner.begin() as connection:
            for (table,) in connection.execute(
                sa.text("SELECT tablename FROM pg_tables WHERE tablename ~ '^score_[0-9a-f]{32}$'")
            ).all():
                connection.execute(sa.text(f"DROP TABLE {table}"))
            connection.execute(sa.text("DELETE FROM execucao"))
        texts = {code: {"aumenta": code, "reduz": code} for code in CODES}
        now = datetime.now(UTC)
        run = RunInfo(uuid.uuid4(), now.date(), "medida", "medida", 12, texts, now)
        with self.owner.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO execucao (id, data_referencia, modelo_versao, situacao, iniciada_em)"
                    " VALUES (:id, :day, 'medida', 'em_andamento', now())"
                ),
                {"id": run.execucao_id, "day": run.data_referencia},
            )
        return run

    def used_memory(self) -> int:
        """Return the bytes that Redis has allocated."""
        return self._redis_says("memory", "used_memory")

    def table_bytes(self) -> int:
        """Return the bytes on disk of the scores that were published last, indexes and all."""
        with self.owner.connect() as connection:
            size = connection.scalar(
                sa.text(
                    "SELECT sum(pg_total_relation_size(quote_ident(tablename)::regclass)) FROM pg_tables"
                    " WHERE tablename ~ '^score_[0-9a-f]{32}$'"
                )
            )
        return int(size or 0)

    def redis_cpu(self) -> float:
        """Return the CPU seconds that Redis has used."""
        return cpu_seconds([self.redis_server])

    def _redis_says(self, section: str, name: str) -> int:
        return int(cast("dict[str, int]", self.cache.info(section))[name])

    def _servers(self) -> list[psutil.Process]:
        return [self.redis_server, self.postmaster, *self.postmaster.children()]

    def _server_cpu(self) -> float:
        """Return the CPU time of the stores, PostgreSQL's ended backends included."""
        ended = self.postmaster.cpu_times()
        return cpu_seconds(self._servers()) + ended.children_user + ended.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(machine_line(), flush=True)
    scores = make_scores(arguments.consumers)
    with temporary_stores() as settings:
        bench = Bench(settings, scores)
        bench.publish()  # pages, plans and pools are cold the first time
        ours, floors = [], []
        moved = 0
        for number in range(arguments.rounds):
            floor, moved = bench.floor()
            mine = bench.publish()
            floors.append(floor)
            ours.append(mine)
            print(
                f"round {number + 1}: floor {floor.wall:.2f} s, publishing {mine.wall:.2f} s,"
                f" ratio {mine.wall / floor.wall:.2f}",
                flush=True,
            )
        print_table(arguments.consumers, ours, floors, moved)
        print(f"Redis, all in with the server's own: {bench.used_memory() / arguments.consumers:.1f} bytes a consumer")
        print(f"PostgreSQL, rows and indexes: {bench.table_bytes() / arguments.consumers:.0f} bytes a consumer")


def print_table(consumers: int, ours: list[Round], floors: list[Round], moved: int) -> None:
    """Print the medians; the ratio is the median of the rounds' own ratios."""
    print(f"\n{consumers:,} consumers, {moved / consumers:.0f} bytes moved a consumer, medians of {len(ours)} rounds\n")
    print("| | publishing | floor | ratio |\n|---|---:|---:|---:|")
    for name, what in (
        ("wall, s", lambda r: r.wall),
        ("CPU of the client process, s", lambda r: r.client_cpu),
        ("CPU of both stores, s", lambda r: r.server_cpu),
        ("both, s", lambda r: r.client_cpu + r.server_cpu),
    ):
        pairs = [(what(mine), what(floor)) for mine, floor in zip(ours, floors, strict=True)]
        ratio = median(mine / floor for mine, floor in pairs)
        print(f"| {name} | {median(m for m, _ in pairs):.2f} | {median(f for _, f in pairs):.2f} | {ratio:.2f} |")
    print(f"| Redis, bytes a consumer | {median(r.redis_bytes for r in ours) / consumers:.1f} | | |")


if __name__ == "__main__":
    main()
