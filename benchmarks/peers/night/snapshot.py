"""One night's work as every peer sees it: the Parquet files of a snapshot's CPF ranges in a lake, and its dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.lake_snapshot import RUN
from contracts.reference_date import LONGEST_WINDOW_DAYS, cutoff_utc, prescription_date
from flows.run_plan import snapshot_root


@dataclass(frozen=True, slots=True)
class Night:
    """One night's work: the snapshot of ``RUN`` in a lake, as of a date; the instants are naive UTC."""

    lake: Path
    as_of: date
    ranges: int

    @property
    def cutoff(self) -> datetime:
        """Return the first instant that does not count any more."""
        return cutoff_utc(self.as_of)

    @property
    def last_instant(self) -> datetime:
        """Return the last instant that counts: whole days before it are a fact's age."""
        return self.cutoff - timedelta(microseconds=1)

    @property
    def window_start(self) -> datetime:
        """Return the first instant of the longest window of events."""
        return self.cutoff - timedelta(days=LONGEST_WINDOW_DAYS)

    @property
    def oldest_due(self) -> date:
        """Return the oldest due date that still counts."""
        return prescription_date(self.as_of)

    def files(self, table: str) -> list[str]:
        """Return the Parquet files of a table, range by range."""
        root = self.lake / snapshot_root(RUN.snapshot_id)
        return [str(path) for path in sorted(root.glob(f"faixa-*/{table}.parquet"))]

    def glob(self, table: str) -> str:
        """Return the pattern that names the same files."""
        return str(self.lake / snapshot_root(RUN.snapshot_id) / "faixa-*" / f"{table}.parquet")
