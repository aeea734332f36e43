"""The nights simulated for the plan: 8 to 64 workers, with and without failures, with and without stores' limits.

Every number comes from unit costs, assumptions and seeds, so the same code gives the same schedules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from statistics import median

import numpy as np

from benchmarks.range_schedule import Cluster, Schedule, lower_bound, measured_ratios, simulate
from benchmarks.scale_costs import UnitCosts
from benchmarks.scale_prices import Assumptions
from benchmarks.scale_sizing import Scale, range_costs

WORKERS = (8, 16, 32, 64)
MEAN_LIFE = 3600.0
"""Seconds until a worker fails, on average: far worse than machines are, so that failures show."""
NOTICE = 60.0
"""Seconds until a dead worker's task goes to another; assumed."""
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many workers, with the stores' limits or without, with failures or without."""

    workers: int
    limited: bool
    failing: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario's schedule; with failures the one of the median makespan. And what no schedule can be faster than."""

    scenario: Scenario
    schedule: Schedule
    bound: float
    makespans: tuple[float, ...]


def draw_ratios(ranges: int, seed: int) -> list[float]:
    """Return how long each range takes over the mean, drawn from the measured ones."""
    drawn: list[float] = np.random.default_rng(seed).choice(measured_ratios(), ranges).tolist()
    return drawn


def cluster_of(scenario: Scenario, costs: UnitCosts, given: Assumptions) -> Cluster:
    """Return the simulated cluster of a scenario."""
    rates = (given.value("rate_a"), given.value("rate_b"), given.value("rate_c"))
    return Cluster(
        workers=scenario.workers,
        task_overhead=costs.task_overhead,
        start_up=costs.start_up,
        mean_life=MEAN_LIFE if scenario.failing else inf,
        notice=NOTICE,
        stores=rates if scenario.limited else (),
    )


def play(scenario: Scenario, scale: Scale, costs: UnitCosts, given: Assumptions) -> Outcome:
    """Return how a scenario goes."""
    scale = replace(scale, workers=scenario.workers)
    each = range_costs(scale, costs, given, stores=scenario.limited)
    cluster = cluster_of(scenario, costs, given)
    ratios = draw_ratios(scale.ranges, SEEDS[0])
    seeds = SEEDS if scenario.failing else SEEDS[:1]
    nights = [simulate(each, ratios, cluster, seed=seed) for seed in seeds]
    middle = median(night.makespan for night in nights)
    chosen = next(night for night in nights if night.makespan == middle)
    return Outcome(scenario, chosen, lower_bound(each, ratios, cluster), tuple(night.makespan for night in nights))


def play_all(scale: Scale, costs: UnitCosts, given: Assumptions) -> list[Outcome]:
    """Return the outcome of every scenario."""
    scenarios = [
        Scenario(workers, limited, failing)
        for limited in (False, True)
        for failing in (False, True)
        for workers in WORKERS
    ]
    return [play(scenario, scale, costs, given) for scenario in scenarios]
