"""Run ids: UUIDs of version 7 that sort by time."""

from datetime import UTC, datetime, timedelta

from stores.run_ids import new_run_id


def test_later_runs_sort_after_earlier_ones_and_none_repeats() -> None:
    start = datetime(2025, 6, 30, tzinfo=UTC)
    ids = [new_run_id(start + timedelta(milliseconds=i)) for i in range(200)]
    assert ids == sorted(ids)
    assert len({new_run_id(start) for _ in range(200)}) == 200
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
