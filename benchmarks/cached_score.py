"""A cached score over loopback: `escore serve` beside bare Starlette, FastAPI, Django REST Framework and Flask.

    python -m benchmarks.cached_score [--consumers 100000] [--rounds 3] [--only starlette-get drf-sync ...]

Embedded stores in a temporary folder, a run published by `Publisher`, our server as `escore serve` with token check,
rate limit, quota, audit and request log on; the peers (`benchmarks/peers/`) do nothing but read the same score as one
key of JSON text. One process each, one at a time, ours and the peer in turn, the load generator and the stores on the
same cores. Figures are medians of the rounds; a ratio is the median of the rounds' own ratios, each of two
measurements that follow one another, by requests a second and by requests a CPU second of the server's process.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import sqlalchemy as sa

from benchmarks.http_load import Call, Job, Report, measure_ceiling, send_load
from benchmarks.peers.catalog import PEERS, Peer, our_process
from benchmarks.peers.installation import Installation, copy_answers, installed
from benchmarks.peers.server_process import HOST, ServerProcess, machine_line, wait_until_idle
from stores.connections import sql_engine

CALLS = 20_000
BODIES = 40
CPFS_A_BODY = 1_000
POSTS = 200
AUDIT_PATIENCE = 20.0
"""How long no further row may come before the audit counts as complete."""
OURS = "escore"

LEAST_RATIOS = {"starlette": 0.5, "drf": 4.0, "flask": 3.0}
MOST_P99_MS = 5.0
MOST_THOUSAND_MS = 15.0


@dataclass(frozen=True, slots=True)
class Saturation:
    """One measurement in a closed loop."""

    rate: float
    cpu_us: float
    """CPU microseconds of the server's process a request."""
    report: Report


@dataclass(slots=True)
class Rounds:
    """What was measured of each server, and the ratios of ours to it, round by round."""

    saturations: defaultdict[str, list[Saturation]] = field(default_factory=lambda: defaultdict(list))
    rate_ratios: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_ratios: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    steady: defaultdict[str, list[Report]] = field(default_factory=lambda: defaultdict(list))

    def rate(self, name: str) -> float:
        """Return a server's requests a second, the median of its rounds."""
        return statistics.median(item.rate for item in self.saturations[name])


class Bench:
    """Loads one running server after the other."""

    def __init__(self, installation: Installation, tokens: Sequence[str], options: argparse.Namespace) -> None:
        self._installation = installation
        self._tokens = tokens
        self._options = options
        self._picks = random.Random(20261122).sample(range(len(installation.cpfs)), min(CALLS, len(installation.cpfs)))
        self._servers: dict[str, ServerProcess] = {}
        self.persons_read = 0
        """Persons whose data our server gave out to this bench."""

    def add(self, server: ServerProcess) -> None:
        """Take a server that runs."""
        self._servers[server.name] = server

    def saturate(self, name: str, path: str) -> Saturation:
        """Return what a server does when every connection asks again as soon as it is answered."""
        self._settle()
        server, options = self._servers[name], self._options
        job = self._job(name, path, connections=options.connections, seconds=options.seconds)
        before = server.cpu_seconds()
        report = self._send(name, job)
        # The server's CPU time is that of the warm-up too, which has the same requests.
        used = server.cpu_seconds() - before
        return Saturation(report.rate, used / (report.rate * (job.warm_up + job.seconds)) * 1e6, report)

    def hold(self, name: str, path: str, rate: float) -> Report:
        """Return a server's latencies at a constant rate."""
        self._settle()
        seconds = max(10.0, 2 * self._options.seconds)
        return self._send(name, self._job(name, path, connections=64, seconds=seconds, rate=rate))

    def ask_thousands(self) -> Report:
        """Return the latencies of a thousand CPFs in one request, one request at a time."""
        self._settle()
        draw, installation = random.Random(7), self._installation
        size = min(CPFS_A_BODY, len(installation.cpfs))
        calls = []
        for _ in range(BODIES):
            rows = draw.sample(range(len(installation.cpfs)), size)
            body = json.dumps({"cpfs": [installation.cpfs[row] for row in rows]})
            calls.append(Call("/scores/consultar", installation.client_ids[rows[-1]], body))
        port = self._servers[OURS].port
        report = self._send(OURS, Job(HOST, port, calls, self._tokens, connections=1, count=POSTS))
        self.persons_read += report.total * (size - 1)
        return report

    def count_audit(self) -> int:
        """Return the rows of `auditoria`, once they are as many as the persons read or no more come."""
        engine = sql_engine(self._installation.settings.secret("results_url"), timeout=10)
        rows, since = -1, time.monotonic()
        with engine.connect() as connection:
            while rows != self.persons_read and time.monotonic() - since < AUDIT_PATIENCE:
                counted = int(connection.execute(sa.text("SELECT count(*) FROM auditoria")).scalar_one())
                connection.rollback()
                if counted != rows:
                    rows, since = counted, time.monotonic()
                time.sleep(0.5)
        engine.dispose()
        return rows

    def _job(self, name: str, path: str, **load: float) -> Job:
        ids = self._installation.client_ids
        calls = [Call(path.format(ids[row]), ids[row]) for row in self._picks]
        return Job(HOST, self._servers[name].port, calls, self._tokens, **load)  # type: ignore[arg-type]

    def _send(self, name: str, job: Job) -> Report:
        report = send_load(job)
        if not report.is_clean:
            raise SystemExit(f"{name}: answers other than expected: {report}")
        if name == OURS:
            self.persons_read += report.total
        return report

    def _settle(self) -> None:
        wait_until_idle(list(self._servers.values()), self._installation.stores)


def measure(bench: Bench, peers: Sequence[Peer], rounds: int) -> Rounds:
    """Saturate ours and each peer in turn, then hold ours and the bare route at half of their saturation."""
    found = Rounds()
    ours = Peer(OURS)
    for number in range(rounds):
        for peer in peers:
            mine, theirs = bench.saturate(OURS, ours.path), bench.saturate(peer.name, peer.path)
            found.saturations[OURS].append(mine)
            found.saturations[peer.name].append(theirs)
            found.rate_ratios[peer.name].append(mine.rate / theirs.rate)
            found.cpu_ratios[peer.name].append(theirs.cpu_us / mine.cpu_us)
            print(f"  round {number + 1}: {OURS} {mine.rate:,.0f}, {peer.name} {theirs.rate:,.0f}", flush=True)
    for _ in range(rounds):
        for peer in (ours, *peers[:1]):
            found.steady[peer.name].append(bench.hold(peer.name, peer.path, found.rate(peer.name) / 2))
    return found


def show(found: Rounds, peers: Sequence[Peer], thousands: Sequence[Report]) -> bool:
    """Print the tables and the bars; return whether every bar that was measured is met."""
    print("\n| server, one process | req/s | CPU µs a request | escore's rate to it | by CPU | p50 ms | p99 ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in (OURS, *(peer.name for peer in peers)):
        items = found.saturations[name]
        ratios = [
            f"{statistics.median(table[name]):.2f}" if name in table else "-"
            for table in (found.rate_ratios, found.cpu_ratios)
        ]
        cpu = statistics.median(item.cpu_us for item in items)
        p50, p99 = (_median([item.report for item in items], share) for share in ("p50", "p99"))
        print(f"| {name} | {found.rate(name):,.0f} | {cpu:.0f} | {ratios[0]} | {ratios[1]} | {p50:.2f} | {p99:.2f} |")
    print("\n| at half of its saturation | req/s | p50 ms | p99 ms | p99 by round | p99.9 ms | generator late p99 ms |")
    print("|---|---:|---:|---:|---|---:|---:|")
    for name, reports in found.steady.items():
        p50, p99, p999 = (_median(reports, share) for share in ("p50", "p99", "p99.9"))
        each = " ".join(f"{report.latency_ms['p99']:.2f}" for report in reports)
        late = statistics.median(report.lateness_ms["p99"] for report in reports)
        print(f"| {name} | {found.rate(name) / 2:,.0f} | {p50:.2f} | {p99:.2f} | {each} | {p999:.2f} | {late:.2f} |")
    middle, slow = (_median(thousands, share) for share in ("p50", "p95"))
    print(f"\n1,000 CPFs in one POST, one client: median {middle:.1f} ms, p95 {slow:.1f} ms")
    return _judge(found, peers, p99=_median(found.steady[OURS], "p99"), thousand=middle)


def _judge(found: Rounds, peers: Sequence[Peer], *, p99: float, thousand: float) -> bool:
    bars = []
    for group, least in LEAST_RATIOS.items():
        members = [peer.name for peer in peers if peer.group == group]
        if members:
            best = max(members, key=found.rate)
            ratio = statistics.median(found.rate_ratios[best])
            bars.append((f"{ratio:.2f} times {best} (at least {least:g})", ratio >= least))
    bars.append((f"p99 {p99:.2f} ms at half of saturation (under {MOST_P99_MS:g})", p99 < MOST_P99_MS))
    bars.append((f"1,000 CPFs in {thousand:.1f} ms, median (under {MOST_THOUSAND_MS:g})", thousand < MOST_THOUSAND_MS))
    for text, is_met in bars:
        print(f"{'met    ' if is_met else 'NOT MET'} {text}")
    return all(is_met for _, is_met in bars)


def _median(reports: Sequence[Report], share: str) -> float:
    return statistics.median(report.latency_ms[share] for report in reports)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--consumers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="measured time of one saturation")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", nargs="+", choices=[peer.name for peer in PEERS], help="peers; default: all")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if options.only is None or peer.name in options.only]
    print(machine_line())
    print(f"the load generator alone: {measure_ceiling().rate:,.0f} requests/s", flush=True)
    with ExitStack() as stack:
        installation = stack.enter_context(installed(options.consumers))
        tokens = installation.tokens()
        bench = Bench(installation, tokens, options)
        ours = stack.enter_context(our_process(installation, installation.folder))
        bench.add(ours)
        length = copy_answers(installation, port=ours.port, token=tokens[0])
        bench.persons_read = options.consumers
        print(
            f"{options.consumers:,} consumers, answers of {length} bytes, {options.connections} connections", flush=True
        )
        for peer in peers:
            bench.add(stack.enter_context(peer.process(installation, installation.folder)))
        found = measure(bench, peers, options.rounds)
        thousands = [bench.ask_thousands() for _ in range(options.rounds)]
        is_good = show(found, peers, thousands)
        rows = bench.count_audit()
        is_whole = rows == bench.persons_read
        print(f"{'whole  ' if is_whole else 'LACKING'} audit: {bench.persons_read:,} persons read, {rows:,} rows")
    return 0 if is_good and is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
