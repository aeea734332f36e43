"""A shared resource gives everybody the same, never more than the pace, and ends jobs when it says."""

from math import inf

import pytest

from benchmarks.shared_resource import SharedResource


def ends(resource: SharedResource) -> list[tuple[float, int]]:
    """Run a resource to its end and return when each job ended."""
    found = []
    while (now := resource.next_end()) < inf:
        found.append((now, resource.end_next(now)))
    return found


def test_two_jobs_share_and_the_rest_goes_on_alone():
    resource = SharedResource(10.0)
    resource.add(0.0, 1, 10.0)
    resource.add(0.0, 2, 20.0)
    assert ends(resource) == [(2.0, 1), (3.0, 2)]


def test_one_job_alone_goes_no_faster_than_the_pace():
    resource = SharedResource(10.0, pace=2.0)
    resource.add(1.0, 1, 10.0)
    assert ends(resource) == [(6.0, 1)]


def test_a_job_that_comes_later_slows_the_first():
    resource = SharedResource(10.0)
    resource.add(0.0, 1, 20.0)
    resource.add(1.0, 2, 20.0)  # the first has 10 left: 2 s at half the rate
    assert ends(resource) == [(3.0, 1), (4.0, 2)]


def test_what_a_job_that_is_given_up_held_goes_to_the_others():
    resource = SharedResource(10.0)
    resource.add(0.0, 1, 20.0)
    resource.add(0.0, 2, 30.0)
    resource.remove(2.0, 1)
    assert ends(resource) == [(4.0, 2)]


def test_without_capacity_limits_nothing_takes_time():
    resource = SharedResource()
    resource.add(5.0, 1, 1e9)
    assert ends(resource) == [(5.0, 1)]


def test_nothing_to_do_never_ends():
    assert SharedResource(1.0).next_end() == pytest.approx(inf)
