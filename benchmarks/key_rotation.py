"""What a change of keys costs: a published run written anew under another key, beside publishing the same scores.

Usage: python -m benchmarks.key_rotation [--consumers 100000] [--rounds 3]. It starts embedded stores of its own in a
temporary folder and prints medians: wall seconds, CPU seconds of this process and of the stores.
"""

from __future__ import annotations

import argparse
from statistics import median

from benchmarks.made_up_scores import make_scores
from benchmarks.peers.server_process import machine_line
from benchmarks.publishing import Bench, Round
from benchmarks.temporary_stores import temporary_stores
from serve.published.person_hash import PersonHash
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine

NEXT_KEY = b"the key to come, of at least thirty-two bytes"


class _Silent:
    def start(self, step: str, total: int | None = None) -> None: ...

    def advance(self, units: int = 1) -> None: ...


def rekey(bench: Bench) -> Round:
    """Write the run in force anew, as ``escore rotate-key`` does."""

    def work() -> None:
        settings = bench.settings
        engine = sql_engine(settings.secret("results_url"), timeout=10)
        cache = redis_client(settings.secret("redis_url"), timeout=60)
        names = PersonHash(settings.secret("cache_key").encode(), next_key=NEXT_KEY)
        assert len(Publisher(engine, cache, cache_key=names).rekey(_Silent())) == 1
        engine.dispose()
        cache.close()

    return bench.measure(work)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-settle", action="store_true", help="do not wait until the servers are idle")
    given = parser.parse_args()
    with temporary_stores() as settings:
        bench = Bench(settings, make_scores(given.consumers), settle=not given.no_settle)
        rounds = [(bench.publish(), rekey(bench)) for _ in range(given.rounds)]
        bench.close()
    print(machine_line())
    for name, taken in zip(("publishing", "another key"), zip(*rounds, strict=True), strict=True):
        figures = [median(getattr(one, field) for one in taken) for field in ("wall", "client_cpu", "server_cpu")]
        print(f"{name}: {figures[0]:.2f} s, CPU {figures[1]:.2f} s here, {figures[2]:.2f} s of the stores")


if __name__ == "__main__":
    main()
