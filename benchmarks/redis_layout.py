"""Bytes a consumer in Redis, by `used_memory`: plain keys against buckets of several sizes, and what reads cost.

Usage: python -m benchmarks.redis_layout redis://127.0.0.1:6379/0 [consumers]; the database must be empty.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial

import redis

from benchmarks.made_up_scores import CODES, make_scores
from serve.published.key_layout import locate
from serve.published.person_hash import FIELD_BYTES, PersonHash
from serve.publishing.bulk_hset import write_entries
from serve.publishing.record_encoding import encode_records, entries_by_client, entries_by_cpf

READS = 5_000


def used_memory(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])


class Trial:
    """One table of scores, written and read in each layout."""

    def __init__(self, client: redis.Redis, consumers: int) -> None:
        self.client = client
        self.consumers = consumers
        self.hashes = PersonHash(b"k" * 32)
        self.scores = make_scores(consumers)
        records = encode_records(self.scores, CODES)
        self.by_client = entries_by_client(self.scores, records, self.hashes)
        self.by_cpf = list(entries_by_cpf(self.scores, records, self.hashes))
        self.ids = self.scores["cliente_id"].to_pylist()
        self.cpfs = self.scores["cpf"].to_pylist()

    def measure(self, label: str, write: Callable[[], None], read: Callable[[str], object]) -> None:
        self.client.flushdb()
        time.sleep(0.2)
        before = used_memory(self.client)
        started = time.perf_counter()
        write()
        wrote = time.perf_counter() - started
        memory = (used_memory(self.client) - before) / self.consumers
        started = time.perf_counter()
        for client_id in self.ids[:READS]:
            assert read(client_id) is not None
        single = (time.perf_counter() - started) / READS * 1e6
        print(f"| {label} | {memory:.1f} | {wrote:.2f} | {single:.0f} |", flush=True)

    def write_plain(self) -> None:
        for entries, kind in ((self.by_client, b"i"), *((part, b"p") for part in self.by_cpf)):
            for start in range(0, self.consumers, 10_000):
                pipe = self.client.pipeline(transaction=False)
                for row in range(start, min(start + 10_000, self.consumers)):
                    pipe.set(b"e:AAAAAAAA:" + kind + entries.fields[row].tobytes(), entries.values[row].tobytes())
                pipe.execute()

    def write_json(self) -> None:
        for start in range(0, self.consumers, 10_000):
            pipe = self.client.pipeline(transaction=False)
            for row in self.scores.slice(start, 10_000).to_pylist():
                digest = self.hashes.of_cpf(row.pop("cpf"))
                row.pop("score_bruto")
                pipe.set(b"e:AAAAAAAA:i" + self.hashes.of_client(row["cliente_id"])[FIELD_BYTES], json.dumps(row))
                pipe.set(b"e:AAAAAAAA:p" + digest[FIELD_BYTES], row["cliente_id"])
            pipe.execute()

    def read_plain(self, client_id: str) -> object:
        return self.client.get(b"e:AAAAAAAA:i" + self.hashes.of_client(client_id)[FIELD_BYTES])

    def write_buckets(self, buckets: int) -> None:
        connection = self.client.connection_pool.get_connection()
        write_entries(connection, self.by_client, prefix="escore:AAAAAAAA:i:", buckets=buckets)
        for part in self.by_cpf:
            write_entries(connection, part, prefix="escore:AAAAAAAA:p:", buckets=buckets)
        self.client.connection_pool.release(connection)

    def read_bucket(self, buckets: int, client_id: str) -> object:
        return self.client.hget(*locate(self.hashes.of_client(client_id), "escore:AAAAAAAA:i:", buckets))

    def read_thousand(self, buckets: int) -> float:
        started = time.perf_counter()
        for _ in range(20):
            pipe = self.client.pipeline(transaction=False)
            for cpf in self.cpfs[:1000]:
                pipe.hget(*locate(self.hashes.of_cpf(cpf), "escore:AAAAAAAA:p:", buckets))
            assert all(pipe.execute())
        return (time.perf_counter() - started) / 20


def main(url: str, consumers: int) -> None:
    client = redis.Redis.from_url(url)
    if client.dbsize():
        raise SystemExit("the database is not empty")
    trial = Trial(client, consumers)
    print("| layout | bytes a consumer | write s | one read µs |\n|---|---|---|---|")
    trial.measure("plain keys, packed", trial.write_plain, trial.read_plain)
    trial.measure("plain keys, JSON by id and an index", trial.write_json, trial.read_plain)
    for entries_each in (16, 32, 64, 100, 128, 256):
        buckets = -(-consumers // entries_each)
        write, read = partial(trial.write_buckets, buckets), partial(trial.read_bucket, buckets)
        trial.measure(f"buckets of {entries_each}", write, read)
        print(f"  1,000 CPFs in one pipeline: {trial.read_thousand(buckets) * 1e3:.1f} ms")
    client.flushdb()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
