"""Until when a score speaks: counted from the day in São Paulo that computed it, equal from either store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from serve.published.published_score import PublishedScore
from serve.published.run_info import RunInfo
from tests.score_samples import make_run


def valid_until(run: RunInfo) -> str:
    score = PublishedScore("x", "982247", 500, 0.1, "regular", "OK", (), run)
    return score.to_json(validity_days=7)["valido_ate"]


@pytest.mark.parametrize(
    ("computed", "until"),
    [
        (datetime(2026, 11, 1, 2, 59, 59, tzinfo=UTC), "2026-11-07"),
        (datetime(2026, 11, 1, 3, 0, tzinfo=UTC), "2026-11-08"),
        (datetime(2026, 11, 1, 3, 0), "2026-11-08"),
        (datetime(2026, 11, 1, 0, 0, tzinfo=timezone(timedelta(hours=-3))), "2026-11-08"),
    ],
)
def test_validity_starts_with_the_computation(computed, until):
    run = replace(make_run(), calculado_em=computed)
    assert valid_until(run) == until
    assert valid_until(RunInfo.from_json(run.to_json())) == until


def test_a_score_of_an_old_date_is_not_born_expired():
    run = replace(make_run(as_of=date(2019, 12, 31)), calculado_em=datetime(2026, 11, 22, 15, 0, tzinfo=UTC))
    assert valid_until(run) == "2026-11-29"
