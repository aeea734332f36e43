"""What can befall a run, drawn from a seed: the kind of fault, and the boundary at which it strikes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.tcp_faults import Cut, Delay, Mode, Refuse, Reset, Stall, Throttle

STORES = ("sources", "base_c", "results", "redis")
MODES: dict[str, Mode] = {
    "cut in mid-reply": Cut(),
    "delayed": Delay(0.3),
    "refused": Refuse(),
    "reset": Reset(),
    "stalled": Stall(),
    "throttled": Throttle(20_000),
}
HOLDS = (0.6, 0.6, 4.0)
"""Seconds for which a store stays frozen or out of reach: the last is longer than what the engine waits for a reply."""

HOUR = 3600.0
NOISE = ("pg select pg_catalog", "pg select current_schema", "pg show", "redis client", "redis hello")
"""Boundaries of connecting alone; each connection comes to them again."""

IN_THE_RUN = {
    "kill": ("",),
    "torn": ("lake write", "lake delete"),
    "enospc": ("lake write", "lake fsync"),
    "short": ("lake write",),
    "deadlock": ("pg ",),
    "serialization": ("pg ",),
    "lost": ("pg committed",),
    "clock jump": ("",),
}
"""Faults that the run's own process makes, and how the boundaries begin at which it can."""

TO_A_STORE = ("killed", "frozen", *MODES)
OWN = {
    "sources": "read postgres",
    "base_c": "read mongo find",
    "results": "pg copy score",
    "redis": "redis hset",
}
"""What a store is asked in the middle of a run: it is struck just before."""

READS = "read "
"""Boundaries at which the sources are read; seeds draw others only, and meet reads while those are waited for."""

BESIDE = ("redis out of memory", "same date at once", "two dates at once", "right to the date lost")

OF_A_WORKER = "worker killed"
"""SIGKILL to a process of Dask once the run has so many artifacts; dear, so never drawn from a seed."""

ARTIFACTS = "artifacts in the lake"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, the boundary and its number, and the store it strikes, if it is one."""

    kind: str
    at: str
    nth: int
    store: str = ""
    clock_jump: float = 0.0
    hold: float = HOLDS[0]

    def __str__(self) -> str:
        where = f"{self.store} {self.kind}" if self.store else self.kind
        jump = f", {self.clock_jump:+.0f} s" if self.clock_jump else ""
        hold = f", for {self.hold:.0f} s" if self.hold > 1.0 else ""
        return f"{where} at {self.at} #{self.nth}{jump}{hold}"

    def plan(self, do: str | None = None) -> dict[str, Any]:
        """Return the plan for the run's process; ``do`` in place of the fault's own kind."""
        return {"faults": [{"do": do or self.kind, "at": self.at, "nth": self.nth, "seconds": self.clock_jump}]}


LEFT_ORPHANS = (Fault("kill", "lake delete", 3),)
"""After which something stood for ever of which nobody knew: killed between an old run's scores and its files."""

ONCE_FAILED = (
    Fault("enospc", "lake write scores/faixa data", 3),
    Fault("enospc", "lake fsync", 20),
    Fault("short", "lake write snapshots/faixa data", 7),
    Fault("deadlock", "pg copy score", 2),
    Fault("serialization", "pg lock table score", 1),
    Fault("deadlock", "pg create table score", 1),
)
"""What passes by itself and once ended a run: it is tried again within the run."""


def catalogue(boundaries: Sequence[str]) -> dict[str, int]:
    """Return how often an undisturbed run comes to each boundary."""
    return {name: count for name, count in sorted(Counter(boundaries).items()) if not name.startswith(NOISE)}


def draw(seed: int, known: Mapping[str, int]) -> list[Fault]:
    """Return a seed's faults: one for each run before the last, undisturbed one."""
    chance, holds = random.Random(seed), random.Random(f"{seed} holds")
    return [_draw_one(chance, holds.choice(HOLDS), known) for _ in range(chance.choice((1, 1, 1, 2)))]


def _draw_one(chance: random.Random, hold: float, known: Mapping[str, int]) -> Fault:
    kind = chance.choice(("kill", "kill", "kill", *IN_THE_RUN, *TO_A_STORE, *BESIDE))
    starts = IN_THE_RUN.get(kind, ("",))
    at = chance.choice([name for name in known if name.startswith(starts) and not name.startswith(READS)])
    nth = chance.randint(1, known[at])
    if kind in TO_A_STORE:
        return Fault(kind, at, nth, store=chance.choice(STORES), hold=hold)
    jump = chance.choice((-30 * 24, -25, -1, 1, 25, 24 * 400)) * HOUR if kind == "clock jump" else 0.0
    return Fault(kind, at, nth, clock_jump=jump)


def strikes(known: Mapping[str, int]) -> list[Fault]:
    """Return each fault of each store where the run asks just that store for something, in the middle of the run."""
    where = {name: store for store, start in OWN.items() for name in known if name.startswith(start)}
    return [
        Fault(kind, at, (known[at] + 1) // 2, store=store, hold=HOLDS[-1])
        for at, store in where.items()
        for kind in TO_A_STORE
    ]


def in_turn(kind: str, known: Mapping[str, int]) -> list[Fault]:
    """Return a fault of the run's process at the first and the last coming to each boundary where it can strike."""
    places = {at: count for at, count in known.items() if at.startswith(IN_THE_RUN[kind])}
    return [Fault(kind, at, nth) for at, count in places.items() for nth in sorted({1, count})]
