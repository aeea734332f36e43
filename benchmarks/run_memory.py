"""Peak memory of `escore run` at two sizes of population and the same range size: it must not grow with the population.

    python -m benchmarks.run_memory --small 20000 --large 100000

Starts embedded stores in a temporary folder, populates, trains once on the small population, runs each size in
a process of its own, prints peak memory and the ratio, and erases what it made. Loading takes minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

AS_OF = "2025-12-31"


def escore(var: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "flows.cli", *arguments]
    environment = os.environ | {"SCORE_VAR": str(var)}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(var: Path, clients: int, events: float, *, train: bool) -> dict[str, Any]:
    escore(
        var,
        "populate",
        "--clients",
        str(clients),
        "--events",
        str(events),
        "--dirty",
        "0.01",
        "--as-of",
        AS_OF,
        "--replace",
    )
    if train:
        escore(var, "train", "--as-of", AS_OF)
    result: dict[str, Any] = json.loads(escore(var, "run", "--as-of", AS_OF, "--json"))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--events", type=float, default=20, help="mean Base C events a consumer in 36 months")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="escore-memory-") as folder:
        var = Path(folder) / "var"
        escore(var, "up")
        try:
            sizes = (options.small, options.large)
            results = [measure(var, size, options.events, train=size == options.small) for size in sizes]
        finally:
            escore(var, "down", "--erase")
    print(f"{'consumers':>10} {'records':>12} {'seconds':>9} {'peak MiB':>9}")
    for size, result in zip(sizes, results, strict=True):
        records, seconds, peak = (result[name] for name in ("registros_lidos", "segundos", "memoria_pico_mib"))
        print(f"{size:>10,} {records:>12,} {seconds:>9.1f} {peak:>9.1f}")
    first, second = (result["memoria_pico_mib"] for result in results)
    print(f"peak at {sizes[1]:,} / peak at {sizes[0]:,} = {second / first:.3f}")


if __name__ == "__main__":
    main()
