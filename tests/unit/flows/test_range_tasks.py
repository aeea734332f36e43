"""A task whose store did not answer waits before it is tried again, a little longer each time."""

from contracts.settings import Settings
from flows.range_tasks import is_io_failure, trying_again
from flows.score_tasks import score_strays


def test_each_try_waits_longer_than_the_one_before(tmp_path):
    again = trying_again(score_strays, Settings(var=tmp_path, io_retries=3))
    assert again.retries == 3
    assert again.retry_delay_seconds == [2, 4, 8]
    assert again.retry_condition_fn is is_io_failure
    assert trying_again(score_strays, Settings(var=tmp_path, io_retries=0)).retries == 0
