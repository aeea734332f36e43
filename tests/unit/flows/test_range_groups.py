"""Ranges go out in groups that cover each once and leave no worker idle at the end."""

import heapq

import numpy as np
import pytest

from flows.run_plan import MAX_TASKS, group_ranges


@pytest.mark.parametrize("count", [0, 1, 2, 199, 200, 201, 399, 1_000, 22_000])
def test_every_range_is_in_one_group_in_order(count):
    groups = group_ranges(count)
    assert [index for group in groups for index in group] == list(range(count))
    assert len(groups) == min(count, MAX_TASKS)
    assert all(groups)


def test_sizes_fall_from_twice_the_mean_to_one():
    sizes = [len(group) for group in group_ranges(22_000)]
    assert sizes[0] == pytest.approx(2 * 22_000 / MAX_TASKS, rel=0.01)
    assert sizes[-1] <= 2
    assert max(np.diff(sizes)) <= 1


def makespan(seconds: list[float], workers: int) -> float:
    """Return when the last task ends if a worker that gets free takes the next in line."""
    free = [0.0] * workers
    for taken in seconds:
        heapq.heapreplace(free, free[0] + taken)
    return max(free)


@pytest.mark.parametrize(("workers", "bound"), [(8, 1.01), (16, 1.01), (32, 1.02), (64, 1.10)])
def test_no_worker_waits_long_for_the_last(workers, bound):
    """Ranges of 220 million consumers whose times vary by a fifth."""
    rng = np.random.default_rng(1)
    seconds = rng.lognormal(0, 0.2, 22_000)
    ideal = seconds.sum() / workers
    falling = makespan([float(seconds[group].sum()) for group in group_ranges(seconds.size)], workers)
    equal = makespan([float(part.sum()) for part in np.array_split(seconds, MAX_TASKS)], workers)
    assert falling / ideal < bound
    assert falling < equal
