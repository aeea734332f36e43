"""A trial: from the kept state, runs with faults, then the faults end, the run is repeated, and all is judged."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil

from tests.run_faults.checker import Known, Truth, find_wrongs, take_truths
from tests.run_faults.faults import BESIDE, MODES, OF_A_WORKER, TO_A_STORE, Fault, catalogue, draw
from tests.run_faults.house import EARLIER, LATER, House, open_house
from tests.run_faults.published_state import read_state
from tests.run_faults.readers import Answers, Readers, read_truth
from tests.zygote import POLL_SECONDS, Ended, Run

USURPED_SECONDS = 5.0
LIMIT_SECONDS = 300.0
"""A run that is still at it then hangs."""

EXPECTED_CODES = frozenset({0, 2, 3, 5, 9, -signal.SIGKILL})
"""What a disturbed run may end with; 1 would be an error that the engine has no name for, 6 a broken gate."""


@dataclass(slots=True)
class Court:
    """A house, the truth of every run that may be published in it, and what an undisturbed run comes to."""

    house: House
    truths: dict[Known, Truth]
    answers: dict[Known, Answers]
    cpfs: list[str]
    known: dict[str, int]

    @property
    def in_force(self) -> Known:
        """Return what has to be in force after a trial."""
        return LATER, self.house.models[1]

    def try_faults(self, faults: Sequence[Fault]) -> list[str]:
        """Return all that went wrong in a trial, in words; empty if nothing did."""
        house = self.house
        house.restore_golden()
        wrongs: list[str] = []
        with Readers(house.settings, self.cpfs, self.answers) as readers:
            for fault in faults:
                wrongs += self._disturb(fault)
            wrongs += self._repeat(EARLIER) if any(fault.kind == "two dates at once" for fault in faults) else []
            wrongs += self._repeat(LATER)
        return wrongs + readers.wrongs + self.judge()

    def try_bug(self, bug: str) -> list[str]:
        """Return what is found wrong after an undisturbed run with a planted bug."""
        self.house.restore_golden()
        with Readers(self.house.settings, self.cpfs, self.answers) as readers:
            done = self.house.run(plan={"bug": bug})
        assert done.code == 0, done.told
        return readers.wrongs + self.judge()

    def judge(self) -> list[str]:
        """Return what stands and is not the truth."""
        return find_wrongs(read_state(self.house), self.truths, in_force=self.in_force)

    def _disturb(self, fault: Fault) -> list[str]:
        """Do a run with a fault, or two runs, and end the fault; return what must not have been, whatever the fault."""
        before = self.house.count_publications()
        ended = [run.wait(seconds=LIMIT_SECONDS) for run in _runs_with(self.house, fault)]
        self.house.heal()
        published = self.house.count_publications() - before
        wrongs = [_told(f"{fault}:", one) for one in ended if one.code not in EXPECTED_CODES]
        if not sum(one.code == 0 for one in ended) <= published <= len(ended):
            wrongs.append(f"{fault}: {published} publications by runs that ended with {[one.code for one in ended]}")
        return wrongs

    def _repeat(self, as_of: date) -> list[str]:
        before = self.house.count_publications()
        done = self.house.run(as_of)
        published = self.house.count_publications() - before
        if done.code != 0:
            return [_told("the repeated run:", done)]
        return [] if published == 1 else [f"the repeated run was published {published} times"]


@contextmanager
def open_court(folder: Path, prefect_api: str) -> Iterator[Court]:
    """Open a house and learn the truth: the runs of its kept state, and undisturbed ones from it."""
    with open_house(folder, prefect_api) as house:
        truths = take_truths(read_state(house))
        cpfs = [cpf for (cpf,) in house.query("select cpf from score_vigente order by cpf")]
        answers = _with(read_truth(house.settings, cpfs), {})
        boundaries: list[str] = []
        for as_of in (EARLIER, LATER):
            house.restore_golden()
            run = house.start(as_of)
            done = run.wait()
            assert done.code == 0, done.told
            truths |= take_truths(read_state(house))
            answers = _with(read_truth(house.settings, cpfs), answers)
            boundaries = run.noted()
        court = Court(house, truths, answers, cpfs, catalogue(boundaries))
        assert court.judge() == [], "the undisturbed run itself is not as it has to be"
        yield court


def _with(one: tuple[Known, Answers], others: Mapping[Known, Answers]) -> dict[Known, Answers]:
    return {**others, one[0]: one[1]}


def try_seed(court: Court, seed: int) -> str:
    """Return an empty text, or what went wrong in a seed's trial and the command that repeats it."""
    faults = draw(seed, court.known)
    wrongs = court.try_faults(faults)
    return _describe(faults, wrongs, f"python -m tests.run_faults --seed {seed}") if wrongs else ""


def try_fault(court: Court, fault: Fault) -> str:
    """Return an empty text, or what went wrong in one fault's trial and the command that repeats it."""
    wrongs = court.try_faults([fault])
    command = f"python -m tests.run_faults --kind '{fault.kind}' --at '{fault.at}' --nth {fault.nth}"
    command += f" --store {fault.store} --hold {fault.hold}" if fault.store else ""
    return _describe([fault], wrongs, command) if wrongs else ""


def _describe(faults: Sequence[Fault], wrongs: Sequence[str], command: str) -> str:
    """Return what went wrong, and how to see it again."""
    told = "\n".join(f"  - {wrong}" for wrong in wrongs)
    return f"{'; '.join(map(str, faults))}\n{told}\nagain: {command}"


def _told(which: str, ended: Ended) -> str:
    return f"{which} exit code {ended.code}: {ended.told[-1500:]}"


def _runs_with(house: House, fault: Fault) -> list[Run]:
    """Start one run with a fault in it, or two at once."""
    if fault.kind in (*TO_A_STORE, *BESIDE):
        return _strike(house, fault)
    if fault.kind == OF_A_WORKER:
        return [_kill_worker(house, fault)]
    return [house.start(plan=fault.plan())]


def _kill_worker(house: House, fault: Fault) -> Run:
    """Start a run on two worker processes of Dask, and kill the busier one when so many artifacts are finished."""
    before = _count_artifacts(house)
    run = house.start(SCORE_DASK="local", SCORE_WORKERS="2")
    deadline = time.monotonic() + LIMIT_SECONDS
    workers: list[psutil.Process] = []
    while time.monotonic() < deadline and (not workers or _count_artifacts(house) - before < fault.nth):
        assert run.state != "Z", "the run ended before a worker could be killed"
        workers = [child for child in psutil.Process(run.pid).children(recursive=True) if _is_worker(child)]
        time.sleep(POLL_SECONDS)
    max(workers, key=lambda worker: sum(worker.cpu_times()[:2])).kill()
    return run


def _count_artifacts(house: House) -> int:
    return sum(1 for _ in house.lake.glob("s*/*/*/manifesto.json"))


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "spawn_main" in " ".join(process.cmdline())
    return False


def _strike(house: House, fault: Fault) -> list[Run]:
    """Start a run, stop it at the fault's boundary, strike, and let it go on; return the runs under way."""
    run = house.start(plan=fault.plan("stop"))
    if run.await_state("TZ", seconds=LIMIT_SECONDS) == "Z":
        return [run]
    others = _strike_beside(house, fault)
    run.signal(signal.SIGCONT)
    time.sleep(fault.hold)
    if fault.store:
        house.heal()
    for other in others:
        if other.await_state("TZ", seconds=LIMIT_SECONDS) == "T":
            run.await_state("Z", seconds=USURPED_SECONDS)  # it may wait for a lock of the other
            other.signal(signal.SIGCONT)
    return [run, *others]


def _strike_beside(house: House, fault: Fault) -> list[Run]:
    """Do to the stores, or beside the stopped run, what the fault says; return the runs begun."""
    if fault.kind == "killed":
        house.stores[fault.store].kill()
    elif fault.kind == "frozen":
        house.stores[fault.store].freeze()
    elif fault.kind in MODES:
        house.proxies[fault.store].apply(MODES[fault.kind])
    elif fault.kind == "redis out of memory":
        with house.cache() as cache:
            cache.config_set("maxmemory", "1")
    elif fault.kind == "two dates at once":
        return [house.start(EARLIER)]
    elif fault.kind == "right to the date lost":
        house.stores["results"].kill()
        house.heal()
        return [house.start(plan=fault.plan("stop"))]
    else:
        return [house.start()]
    return []
