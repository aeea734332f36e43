"""The simulated schedule is a schedule: nothing faster than what binds, nothing lost, nothing done twice, no chance."""

from dataclasses import replace
from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.range_schedule import Cluster, RangeCosts, lower_bound, measured_ratios, simulate

COSTS = RangeCosts(
    read_cpu=0.4, work_cpu=0.3, records=(100.0, 50.0, 200.0), read_wait=0.1, work_wait=0.05, look_over=0.2
)
STORES = (4_000.0, 4_000.0, 8_000.0)


def ratios(count: int, seed: int = 1) -> list[float]:
    drawn: list[float] = np.random.default_rng(seed).choice(measured_ratios(), count).tolist()
    return drawn


def cluster(workers: int, **options: object) -> Cluster:
    return replace(Cluster(workers, task_overhead=0.05, start_up=2.0, stores=STORES), **options)  # type: ignore[arg-type]


def test_one_worker_and_one_range_by_hand():
    """Start 2, overhead 0.5, reading max(CPU 1, 30 records at 10 a second) and 0.25, work 4 and 0.125."""
    costs = RangeCosts(1.0, 4.0, (30.0,), read_wait=0.25, work_wait=0.125)
    night = simulate(costs, [1.0], Cluster(1, 0.5, 2.0, stores=(10.0,)))
    assert night.makespan == pytest.approx(2 + 0.5 + 3 + 0.25 + 4 + 0.125)
    assert night.useful == pytest.approx(5.5)


def test_a_task_reads_the_next_range_while_it_works_on_the_last():
    """Two ranges of one task: the second's reading (3 s of a store) goes by during the first's work (4 s)."""
    costs = RangeCosts(0.0, 4.0, (30.0,))
    night = simulate(costs, [1.0, 1.0], Cluster(1, stores=(10.0,), max_tasks=1))
    assert night.makespan == pytest.approx(3 + 4 + 4)


def test_no_more_than_one_range_is_read_ahead():
    """Readings of 1 s, works of 10 s: the third reading begins with the second work, and costs nothing."""
    night = simulate(RangeCosts(0.0, 10.0, (10.0,)), [1.0] * 3, Cluster(1, stores=(10.0,), max_tasks=1))
    assert night.makespan == pytest.approx(1 + 30)


def test_reading_and_work_share_a_core():
    """Read 1, then work 2 beside a reading of 1: together 3, then the second work 2."""
    night = simulate(RangeCosts(1.0, 2.0), [1.0, 1.0], Cluster(1, max_tasks=1))
    assert night.makespan == pytest.approx(6.0)
    assert night.efficiency == pytest.approx(1.0)


def test_two_readers_share_a_store():
    night = simulate(RangeCosts(0.0, 0.0, (10.0,)), [1.0, 1.0], Cluster(2, stores=(10.0,)))
    assert night.makespan == pytest.approx(2.0)


def test_a_failure_loses_what_was_under_way_and_no_more():
    """Seeded: workers live a minute; every range is finished exactly once, some are begun again."""
    night = simulate(COSTS, ratios(600), cluster(8, mean_life=60.0, notice=3.0), seed=3)
    assert night.failures > 0
    assert set(night.done) == {1}
    assert 0 < night.repeated <= 2 * night.failures
    assert sum(stretch.failed for stretch in night.stretches) <= night.failures


@pytest.mark.parametrize("workers", [1, 2, 8, 64])
@pytest.mark.parametrize("stores", [(), STORES])
def test_never_faster_than_what_binds(workers, stores):
    costs = COSTS if stores else replace(COSTS, records=())
    with_stores, drawn = cluster(workers, stores=stores), ratios(500)
    night = simulate(costs, drawn, with_stores)
    assert night.makespan >= lower_bound(costs, drawn, with_stores) * (1 - 1e-9)
    assert set(night.done) == set(night.begun) == {1}
    assert 0 < night.efficiency <= 1


def test_more_workers_are_never_slower_without_failures():
    """Within a hundredth: list schedules have anomalies, and the last task's length decides by chance."""
    drawn = ratios(2_000)
    makespans = [simulate(COSTS, drawn, cluster(workers)).makespan for workers in (1, 2, 4, 8, 16, 32, 64)]
    assert all(after <= before * 1.01 for before, after in pairwise(makespans))


def test_failures_and_slower_stores_cost_time():
    drawn = ratios(1_000)
    calm = simulate(COSTS, drawn, cluster(8)).makespan
    assert simulate(COSTS, drawn, cluster(8, mean_life=60.0, notice=5.0)).makespan > calm
    assert simulate(COSTS, drawn, cluster(8, stores=(400.0, 400.0, 800.0))).makespan > calm


def test_the_seed_decides_and_nothing_else():
    failing = cluster(16, mean_life=40.0, notice=2.0)
    assert simulate(COSTS, ratios(400), failing, seed=7) == simulate(COSTS, ratios(400), failing, seed=7)
    assert simulate(COSTS, ratios(400), failing, seed=7) != simulate(COSTS, ratios(400), failing, seed=8)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 60),
    workers=st.integers(1, 9),
    max_tasks=st.integers(1, 30),
    mean_life=st.sampled_from([inf, 4.0, 20.0]),
    seed=st.integers(0, 99),
)
def test_every_range_is_done_exactly_once_whatever_fails(count, workers, max_tasks, mean_life, seed):
    hard = cluster(workers, mean_life=mean_life, notice=1.0, max_tasks=max_tasks)
    costs = replace(COSTS, look_over=0.0)  # else a task of many ranges may never end: looking over takes a whole life
    night = simulate(costs, ratios(count, seed), hard, seed=seed)
    assert set(night.done) == {1}
    assert all(begun >= 1 for begun in night.begun)
    assert night.makespan >= lower_bound(costs, ratios(count, seed), hard) * (1 - 1e-9)
    for worker in range(workers):
        own = sorted((s.start, s.end) for s in night.stretches if s.worker == worker)
        assert all(end <= start + 1e-9 for (_, end), (start, _) in pairwise(own))


@pytest.mark.parametrize(("workers", "times"), [(8, 1.00), (16, 1.00), (32, 1.01), (64, 1.08)])
def test_it_agrees_with_the_simulation_that_the_groups_were_chosen_by(workers, times):
    """Decision 10: 22,000 ranges whose times vary by a fifth, in 200 tasks, end at so many times the ideal."""
    drawn = np.random.default_rng(1).normal(1.0, 0.2, 22_000).clip(0.1).tolist()
    night = simulate(RangeCosts(0.0, 1.0), drawn, Cluster(workers))
    assert night.makespan / (sum(drawn) / workers) == pytest.approx(times, abs=0.01)


def test_the_measured_ranges_are_a_runs():
    found = measured_ratios()
    assert len(found) == 100
    assert found.mean() == pytest.approx(1.0)
    assert found.min() > 0.5
