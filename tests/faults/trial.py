"""One trial: stores fail under load, are mended, and every answer from then to the recovery is judged.

What has to hold is said once, in `Trial.problems`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.faults import truth
from tests.faults.house import AuditRow, House
from tests.faults.load import PERSONAL, Load, Outcome
from tests.tcp_faults import Cut, Delay, Pass, Refuse, Reset

SLOW_SECONDS = 2.0
SLACK_SECONDS = 0.5
"""How much later than the bound an answer may come because two busy cores let a process wait."""

ALIVE_SECONDS = 0.75
"""Longest answer of the route that touches no store: longer, and something blocks the event loop."""

RECOVERY_SECONDS = 5.0
"""From a fault's end until every kind of request is served again, without a restart."""

NOTICE_SECONDS = 1.9
"""From a fault's beginning until readiness names the store: a look takes 0.8 s at most and is told for 1 s."""

CALM_SECONDS = 1.0
"""A recovery counts once nothing failed for so long."""

AUDIT_SECONDS = 15.0
"""From the recovery until PostgreSQL holds the record of every answer."""

AUDIT_MARGIN = 2_000
"""Rows before a trial's first that are looked at too: answers under way as it began had their record already."""

KINDS = ("killed", "frozen", "slowed", "resetting")
"""What can befall any store, alone or with another; Redis can be ``flushed`` too, and a reply ``cut``."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What befalls one store."""

    store: str
    kind: str

    def __str__(self) -> str:
        return f"{self.store} {self.kind}"

    @property
    def out(self) -> frozenset[str]:
        """Return the stores that readiness then names: one that lost its content still answers."""
        return frozenset() if self.kind == "flushed" else frozenset({self.store})

    def begin(self, house: House) -> None:
        """Let it happen."""
        process, proxy = house.stores[self.store], house.proxies[self.store]
        match self.kind:
            case "killed":
                process.kill()
                proxy.apply(Refuse())
            case "frozen":
                process.freeze()
            case "slowed":
                proxy.apply(Delay(SLOW_SECONDS))
            case "resetting":
                proxy.apply(Reset())
            case "cut":
                proxy.apply(Cut())
            case "flushed":
                truth.flush(house.settings)

    def end(self, house: House) -> None:
        """Undo it, and return once the store itself is whole again."""
        process, proxy = house.stores[self.store], house.proxies[self.store]
        match self.kind:
            case "killed":
                process.start()
                proxy.apply(Pass())
            case "frozen":
                process.thaw()
            case "flushed":
                truth.reconcile(house.settings)
            case _:
                proxy.apply(Pass())


def can_be_served(kind: str, out: frozenset[str]) -> bool:
    """Return whether a kind of request has to be answered while these stores are out or empty."""
    needs: dict[str, Callable[[], bool]] = {
        "score": lambda: not {"redis", "results"} <= out,
        "scores": lambda: not {"redis", "results"} <= out,
        "cliente": lambda: "base_a" not in out,
        "score-data": lambda: "base_b" not in out,
        "eventos": lambda: "base_c" not in out,
    }
    return needs.get(kind, lambda: True)()


@dataclass(frozen=True, slots=True)
class Trial:
    """What was seen: the fault lasted from ``began`` to ``ended``; the last trouble was over at ``calm``."""

    faults: tuple[Fault, ...]
    house: House
    load: Load
    began: float
    mending: float
    ended: float
    calm: float
    outcomes: list[Outcome]
    audit_before: int

    @property
    def out(self) -> frozenset[str]:
        """Return the stores that could not answer."""
        return frozenset().union(*(fault.out for fault in self.faults))

    @property
    def lost(self) -> frozenset[str]:
        """Return the stores that could not serve, an emptied one too."""
        return frozenset(fault.store for fault in self.faults)

    @property
    def recovery(self) -> float:
        """Return the seconds from the fault's end to the end of the last trouble."""
        return self.calm - self.ended

    @property
    def starved(self) -> float:
        """Return the share of its time in which the API was ready to run and did not."""
        return self.load.starved(self.began, self.calm) / max(self.calm - self.began, 1.0)

    @property
    def bound(self) -> float:
        """Return the seconds within which every answer has to come."""
        return self.house.timeouts.bound + SLACK_SECONDS

    def of_kind(self, kind: str, *, while_out: bool = False) -> list[Outcome]:
        """Return what came of one kind of request, in the whole trial or while the fault lasted."""
        end = self.mending if while_out else float("inf")
        return [item for item in self.outcomes if item.kind == kind and item.began < end]

    def problems(self) -> list[str]:
        """Return all that must not have been: wrong, late, undocumented, unserved, untold, unaudited."""
        return [
            *self._count("", lambda item: item.fault),
            *self._count("too late", self._lateness),
            *self._count("refused though its stores were there", self._needless_refusal),
            *self._readiness(),
            *self._recovery(),
            *self._audit(),
        ]

    def _count(self, what: str, told: Callable[[Outcome], str | None]) -> list[str]:
        found = [(item, text) for item in self.outcomes if (text := told(item)) is not None]
        kinds = sorted({(item.kind, text if not what else "") for item, text in found})
        lines = []
        for kind, text in kinds:
            those = [(item, note) for item, note in found if item.kind == kind and text in ("", note)]
            first, note = those[0]
            at = f"first {first.began - self.began:+.2f} s from the fault, {first.seconds:.2f} s long"
            lines.append(f"{kind}: {len(those)} x {what or note} ({note if what else at}; {at})")
        return lines

    def _lateness(self, item: Outcome) -> str | None:
        limit = ALIVE_SECONDS if item.kind == "vivo" else self.bound
        over = item.seconds - self.load.forgiven(item) - limit
        return f"{item.seconds:.2f} s" if over > 0 else None

    def _needless_refusal(self, item: Outcome) -> str | None:
        is_wanted = item.status == 503 and item.kind != "pronto" and can_be_served(item.kind, self.lost)
        return f"{item.status}" if is_wanted else None

    def _readiness(self) -> list[str]:
        noticed = self.began + NOTICE_SECONDS
        seen = [item for item in self.of_kind("pronto") if noticed <= item.began and item.ended < self.mending]
        wrong = [named for item in seen if (named := _stores_out(item)) not in self._rightly_named()]
        lines = [f"readiness names {sorted(wrong[0])} ({len(wrong)} of {len(seen)} times)"] if wrong else []
        return lines if seen else [*lines, "readiness was not asked while the fault lasted"]

    def _rightly_named(self) -> list[frozenset[str]]:
        """Return what readiness may name: an emptied Redis too once the results, out of which it is filled, are out."""
        is_empty = Fault("redis", "flushed") in self.faults and "results" in self.lost
        return [self.out, self.out | {"redis"}] if is_empty else [self.out]

    def _recovery(self) -> list[str]:
        return [f"recovery took {self.recovery:.1f} s"] if self.recovery > RECOVERY_SECONDS else []

    def _audit(self) -> list[str]:
        served = [item for item in self.outcomes if item.kind in PERSONAL and item.status == 200]
        deadline = time.monotonic() + AUDIT_SECONDS
        after = self.audit_before - AUDIT_MARGIN
        while problems := _unaudited(self.house.audited(after=after), served):
            if time.monotonic() > deadline:
                break
            time.sleep(0.3)
        return problems


def run_trial(house: House, load: Load, faults: Iterable[Fault], *, seconds: float) -> Trial:
    """Let stores fail for ``seconds``, mend them, and watch until all is well or the time for it is over."""
    chosen = tuple(faults)
    audit_before = max((row.id for row in house.audited()), default=0)
    began = time.monotonic()
    for fault in chosen:
        fault.begin(house)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    mending = time.monotonic()
    for fault in sorted(chosen, key=lambda fault: fault.kind == "flushed"):  # Redis is filled from the results
        fault.end(house)
    ended = time.monotonic()
    calm = _wait_for_calm(load, ended)
    since = began - house.timeouts.bound
    outcomes = [item for item in load.since(since) if item.ended >= began]
    return Trial(chosen, house, load, began, mending, ended, calm, outcomes, audit_before)


def is_calm(load: Load, *, since: float) -> bool:
    """Return whether every request of the time since was served, of every kind at least one."""
    seen = load.since(since)
    return {item.kind for item in seen} == set(load.rates) and not any(map(_is_trouble, seen))


def _wait_for_calm(load: Load, ended: float) -> float:
    """Return when the last trouble ended; no later than a while after the time for a recovery."""
    give_up = ended + RECOVERY_SECONDS + 2 * CALM_SECONDS
    while time.monotonic() < give_up:
        time.sleep(0.1)
        now = time.monotonic()
        if now - ended > CALM_SECONDS and is_calm(load, since=now - CALM_SECONDS):
            break
    return max([ended, *(item.ended for item in load.since(ended - 10) if _is_trouble(item))])


def _is_trouble(item: Outcome) -> bool:
    return bool(_stores_out(item)) or item.status == 503 if item.kind == "pronto" else not item.is_served


def _stores_out(item: Outcome) -> frozenset[str]:
    stores = (item.body or {}).get("bancos", {})
    return frozenset(name for name, state in stores.items() if state != "ok")


def _unaudited(audited: list[AuditRow], served: list[Outcome]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for row in audited:
        if row.result == 200:
            rows.setdefault(row.request_id, []).append(row.subject)
    missing = double = 0
    for item in served:
        subjects = rows.get(item.request_id, [])
        for names in item.ask.persons:
            count = sum(subject in names for subject in subjects)
            missing += count == 0
            double += count > 1
    lines = [f"{missing} readings answered and not in the audit"] if missing else []
    return [*lines, f"{double} readings twice in the audit"] if double else lines
