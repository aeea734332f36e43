"""Repeats trials by hand: ``python -m tests.run_faults --seed 7``, ``--first 1 --count 200``, or a fault by name."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from tests.run_faults.faults import HOLDS, Fault, draw, in_turn, strikes
from tests.run_faults.house import prefect_server
from tests.run_faults.trial import open_court


def main() -> int:
    """Run the trials asked for; print each, and return how many went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.run_faults")
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, help="how many from there; 20 seeds, or every boundary")
    parser.add_argument("--kind", help="one fault: its kind, such as kill or torn")
    parser.add_argument("--at", help="its boundary, such as `pg commit`")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--store", default="")
    parser.add_argument("--hold", type=float, default=HOLDS[0], help="seconds that a store is out of reach")
    parser.add_argument("--jump", type=float, default=0.0, help="seconds that the clock jumps")
    parser.add_argument(
        "--every-boundary", action="store_true", help="the fault (kill) at the first and the last of each"
    )
    parser.add_argument("--every-store", action="store_true", help="each fault of each store where it is asked")
    parser.add_argument("--prefect-api", help="a Prefect server that is there; else one is started")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_told: sys.exit(1))  # so that the servers end too
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="escore-noites-") as folder,
        nullcontext(asked.prefect_api) if asked.prefect_api else prefect_server(Path(folder)) as prefect_api,
        open_court(Path(folder), prefect_api) as court,
    ):
        for name, faults in _trials(asked, court.known):
            began = time.monotonic()
            wrongs = court.try_faults(faults)
            failed += bool(wrongs)
            told = "".join(f"\n  - {wrong}" for wrong in wrongs)
            line = f"{name}: {'; '.join(map(str, faults))}: {'WRONG' if wrongs else 'equal'}"
            sys.stdout.write(f"{line} ({time.monotonic() - began:.1f} s){told}\n")
            sys.stdout.flush()
    return failed


def _trials(asked: argparse.Namespace, known: dict[str, int]) -> list[tuple[str, list[Fault]]]:
    if asked.every_boundary or asked.every_store:
        faults = in_turn(asked.kind or "kill", known) if asked.every_boundary else strikes(known)
        every = [(f"{number} of {len(faults)}", [fault]) for number, fault in enumerate(faults, 1)]
        return every[asked.first - 1 : asked.first - 1 + asked.count if asked.count else None]
    if asked.kind:
        return [("one", [Fault(asked.kind, asked.at, asked.nth, asked.store, asked.jump, asked.hold)])]
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + (asked.count or 20))
    return [(f"seed {seed}", draw(seed, known)) for seed in seeds]


if __name__ == "__main__":
    sys.exit(main())
