"""The shared words: windows to the microsecond, and São Paulo's date of any instant, daylight saving included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from contracts.reference_date import cutoff_utc, prescription_date
from features.vocabulary import macro_statements, zone_offsets

ZONE = ZoneInfo("America/Sao_Paulo")


def ask(as_of: date, expression: str) -> Any:
    with duckdb.connect(":memory:") as connection:
        for statement in macro_statements(as_of):
            connection.execute(statement)
        row = connection.execute(f"SELECT {expression}").fetchone()
        assert row is not None
        return row[0]


def local_date(instant: datetime) -> date:
    return instant.replace(tzinfo=UTC).astimezone(ZONE).date()


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_holds_its_oldest_microsecond_and_not_the_one_before(days: int) -> None:
    as_of = date(2025, 6, 30)
    oldest = cutoff_utc(as_of) - timedelta(days=days)
    for instant, inside in ((oldest, True), (oldest - timedelta(microseconds=1), False)):
        assert ask(as_of, f"dias_ate_corte(TIMESTAMP '{instant}') < {days}") is inside
    assert ask(as_of, f"dias_ate_corte(TIMESTAMP '{cutoff_utc(as_of) - timedelta(microseconds=1)}')") == 0


@pytest.mark.parametrize(
    "as_of", [date(1990, 1, 1), date(1998, 12, 31), date(2010, 10, 16), date(2019, 2, 16), date(2024, 2, 29)]
)
def test_local_dates_around_every_midnight_of_five_years_agree_with_the_zone_database(as_of: date) -> None:
    oldest, cutoff = cutoff_utc(prescription_date(as_of) - timedelta(days=1)), cutoff_utc(as_of)
    midnights = [cutoff_utc(as_of - timedelta(days=back)) for back in range((cutoff - oldest).days + 1)]
    shifts = [timedelta(seconds=s) for s in (-7201, -3601, -3600, -3599, -1, 0, 1, 3599, 3600, 3601)]
    instants = [t for m in midnights for t in (m + shift for shift in shifts) if oldest <= t < cutoff]
    with duckdb.connect(":memory:") as connection:
        for statement in macro_statements(as_of):
            connection.execute(statement)
        connection.register("instantes", pa.table({"t": pa.array(instants, pa.timestamp("us"))}))
        found = connection.sql("SELECT t, data_local(t) AS dia FROM instantes").to_arrow_table().to_pydict()
    assert len(found["t"]) > 18_000
    wrong = [t for t, day in zip(found["t"], found["dia"], strict=True) if day != local_date(t)]
    assert wrong == []


def test_every_change_of_offset_is_found_to_the_second() -> None:
    changes = zone_offsets(datetime(1985, 1, 1), datetime(2026, 1, 1))
    assert changes[0] == (datetime(2019, 2, 17, 2), -3 * 3600)
    assert len(changes) > 60
    for instant, seconds in changes[:-1]:
        for moment, same in ((instant, True), (instant - timedelta(seconds=1), False)):
            offset = moment.replace(tzinfo=UTC).astimezone(ZONE).utcoffset()
            assert (offset == timedelta(seconds=seconds)) is same


def test_no_offset_table_is_needed_since_daylight_saving_ended() -> None:
    assert zone_offsets(datetime(2020, 6, 30), datetime(2026, 1, 1)) == ((datetime(2020, 6, 30), -3 * 3600),)
