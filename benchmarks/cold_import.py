"""What a new process pays before it can answer: importing and making each application, from cold.

``python -m benchmarks.cold_import`` starts a new interpreter for each measure, with compiled files in place, as an
installation has them; it shows the least processor time of some, less that of an empty interpreter (wall time is the
same on a machine that does nothing else), what the largest parts alone cost, and which packages take most of it
(Python's own -X importtime, whose tracing makes everything slower: shares, not times).
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 7
SHOWN = 10
COMMON = {"_env_file": None, "cache_key": "k" * 32, "jwt_secret": "s" * 32}
OF_SYSTEM_A = {"base_a_url": "postgresql://nowhere/a", "audit_mode": "diario"}
OF_SYSTEM_B = {
    "base_b_url": "postgresql://nowhere/b",
    "results_url": "postgresql://nowhere/r",
    "redis_url": "redis://nowhere",
}
OF_LAMBDA = {"base_c_url": "mongodb://nowhere/c", "results_url": "postgresql://nowhere/r", "audit_mode": "direto"}
MAKING = "from contracts.settings import Settings; from serve.app import {0}; {0}(Settings(**{1!r}))"
TARGETS = {
    "an empty interpreter": "pass",
    "fastapi alone": "import fastapi",
    "SQLAlchemy's asyncio alone": "import sqlalchemy.ext.asyncio",
    "both, pymongo and the settings": "import fastapi, sqlalchemy.ext.asyncio, pymongo, contracts.settings",
    "System A": MAKING.format("create_app_a", {**COMMON, **OF_SYSTEM_A}),
    "System B": MAKING.format("create_app_b", {**COMMON, **OF_SYSTEM_B}),
    "System C": MAKING.format("create_app_c", {**COMMON, "base_c_url": "mongodb://nowhere/c"}),
    "System C as a Lambda function": "import serve.lambda_c; " + MAKING.format("create_app_c", {**COMMON, **OF_LAMBDA}),
    "all systems": MAKING.format("create_app", {**COMMON, **OF_SYSTEM_B, **OF_LAMBDA, **OF_SYSTEM_A}),
    "the server, before it makes one": "from serve.api import run_server",
}
TRACED = ("System C as a Lambda function", "all systems")
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s+([\w.]+)")


def processor_seconds(statement: str) -> float:
    """Return the least processor time of new interpreters that run a statement."""
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def seconds_by_package(statement: str) -> Counter[str]:
    """Return the time that each top-level package's own modules take, of one traced import."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement], cwd=ROOT, check=True, capture_output=True, text=True
    )
    spent: Counter[str] = Counter()
    for own, _, name in _LINE.findall(done.stderr):
        spent[name.partition(".")[0]] += int(own)
    return spent


def main() -> None:
    """Print both tables."""
    empty = 0.0
    print("| import | ms | modules |\n|---|---:|---:|")
    for name, statement in TARGETS.items():
        seconds = processor_seconds(statement)
        empty = empty or seconds
        count = subprocess.run(
            [sys.executable, "-c", f"{statement}\nimport sys; print(len(sys.modules))"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        print(f"| {name} | {1000 * (seconds - (0.0 if statement == 'pass' else empty)):.0f} | {count} |")
    for name in TRACED:
        spent = seconds_by_package(TARGETS[name])
        print(f"\n{name}: of {spent.total() / 1000:.0f} ms while traced")
        for package, microseconds in spent.most_common(SHOWN):
            print(f"  {package:<22} {100 * microseconds / spent.total():5.1f} %")


if __name__ == "__main__":
    main()
