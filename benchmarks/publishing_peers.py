"""Publishing the same scores: ours, the floor, and Feast's materialize into the same Redis.

Embedded stores are started in a temporary folder; both are emptied before every run. Each contender runs in a process
of its own, which has its scores in memory (ours), its bytes ready (the floor) or its project applied (Feast) before
the clock starts. Feast fills Redis alone. Measured by ``python -m benchmarks --steps publishing``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from benchmarks.made_up_scores import make_scores
from benchmarks.measured_process import ContenderError, run_measured, run_module, tell
from benchmarks.peers.feast.environment import missing
from benchmarks.publishing import Bench
from benchmarks.table.figures import FLOOR, OURS, Run
from benchmarks.table.rounds import Entrant, Outcome, Report
from benchmarks.temporary_stores import temporary_stores
from contracts.score_scale import SCORES_SCHEMA
from contracts.settings import Settings, load_settings

FEAST = "feast"
FEAST_SCRIPT = Path(__file__).with_name("peers") / "feast" / "materialize.py"
READ_BACK = "read back equal"


@contextmanager
def publishing_entrants(
    consumers: int, *, names: Collection[str], feast_python: Path, report: Report
) -> Iterator[list[Entrant]]:
    """Yield the contenders over stores that hold a first publication's pages, plans and pools."""
    report(f"{consumers:,} scores, stores")
    with temporary_stores() as settings, TemporaryDirectory(prefix="escore-bench-") as folder:
        stage = Stage(settings, Path(folder), feast_python)
        pq.write_table(make_scores(consumers), stage.scores)
        stage.measure(OURS)
        feast = ""
        if FEAST in names:
            feast = missing(feast_python)
            pq.write_table(feast_rows(pq.read_table(stage.scores)), stage.feast_scores)
        every = [
            Entrant(OURS, partial(stage.measure, OURS)),
            Entrant(FLOOR, partial(stage.measure, FLOOR)),
            Entrant(FEAST, stage.materialize, feast),
        ]
        yield [one for one in every if one.name in names]


class Stage:
    """Where scores are published: the stores' settings and the files that contenders read."""

    def __init__(self, settings: Settings, folder: Path, feast_python: Path) -> None:
        self.settings, self.folder, self.feast_python = settings, folder, feast_python
        self.scores, self.feast_scores = folder / "pontuacao.parquet", folder / "feast.parquet"

    def measure(self, name: str) -> Outcome:
        """Measure ours or the floor in a process of its own."""
        arguments = ["--work", name, "--var", self.settings.var, "--scores", self.scores]
        found = run_module("benchmarks.publishing_peers", arguments, log=self.folder / "stderr.log")
        return Outcome(_run(found), octets=found["octets"], answer="the measure" if name == OURS else "")

    def materialize(self) -> Outcome:
        """Measure Feast in a process of its environment; Redis is emptied before and looked at after."""
        nothing = pa.Table.from_pylist([], schema=SCORES_SCHEMA)
        with closing(Bench(self.settings, nothing)) as bench:
            bench.begin()
            memory, servers = bench.used_memory(), bench.redis_cpu()
            command = [str(self.feast_python.absolute()), str(FEAST_SCRIPT), str(self.feast_scores), str(self.folder)]
            with _environment(FEAST_REDIS=feast_address(self.settings)):
                found = run_measured(command, log=self.folder / "feast.log")
            found |= {"redis_bytes": bench.used_memory() - memory, "server_cpu": bench.redis_cpu() - servers}
            bench.begin()
        if found["unequal"]:
            raise ContenderError(f"{found['unequal']} consumers read back otherwise than written")
        return Outcome(_run(found), octets=self.feast_scores.stat().st_size, answer=READ_BACK)


def feast_rows(scores: pa.Table) -> pa.Table:
    """Return the scores as Feast's source has them: reasons as two lists, and the instant that they are of."""
    reasons = scores["motivos"].combine_chunks()
    lists = [
        pa.ListArray.from_arrays(reasons.offsets, values)
        for values in (reasons.values.field("codigo"), reasons.values.field("pontos").cast(pa.int64()))
    ]
    instant = pa.scalar(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0), pa.timestamp("us", "UTC"))
    rows = scores.select(["cliente_id", "cpf", "probabilidade", "faixa", "status"])
    return (
        rows.append_column("score", pc.cast(scores["score"], pa.int64()))
        .append_column("motivos", lists[0])
        .append_column("pontos", lists[1])
        .append_column("momento", pa.repeat(instant, len(scores)))
    )


def feast_address(settings: Settings) -> str:
    """Return the Redis of the settings in the form of Feast's connection string."""
    url = sa.make_url(settings.secret("redis_url"))
    parts = [f"{url.host}:{url.port}", f"db={url.database or 0}"]
    parts += [f"username={url.username}"] if url.username else []
    parts += [f"password={url.password}"] if url.password else []
    return ",".join(parts)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Have some environment variables for the processes that are started meanwhile; a password is no argument."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def _run(found: dict[str, Any]) -> Run:
    return Run(*(found[name] for name in ("wall", "cpu", "peak_mib", "server_cpu", "redis_bytes")))


def measure_here(name: str, var: Path, scores: Path) -> dict[str, Any]:
    """Publish once in this process by ours or by the floor; return seconds, Redis's growth and bytes."""
    with closing(Bench(load_settings({"var": var}), pq.read_table(scores).cast(SCORES_SCHEMA))) as bench:
        publish: Callable[[], tuple[Any, int | None]] = (
            bench.floor if name == FLOOR else lambda: (bench.publish(), None)
        )
        found, octets = publish()
    took = asdict(found)
    return {**took, "cpu": took["client_cpu"], "octets": octets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", choices=(OURS, FLOOR), required=True)
    parser.add_argument("--var", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    options = parser.parse_args()
    tell(measure_here(options.work, options.var, options.scores))


if __name__ == "__main__":
    main()
