"""What a flow's process is told before anything else where a Prefect worker started it, and not the command line."""

from __future__ import annotations

from datetime import date, datetime

from prefect.runtime import deployment, flow_run

from contracts.private_process import keep_files_private, keep_memory_private
from contracts.settings import Settings, load_settings
from flows.reference_date import yesterday
from flows.withheld import print_errors_in_one_line, withhold_lost_exceptions


def begin_flow() -> Settings:
    """Return the settings; where a worker runs the flow, let its process keep what it holds to itself, as ours do."""
    if is_deployed():
        keep_files_private()
        keep_memory_private()
        withhold_lost_exceptions()
        print_errors_in_one_line()
    return load_settings()


def is_deployed() -> bool:
    """Return whether this run is of a deployment."""
    return deployment.id is not None


def day_before_schedule() -> date:
    """Return the last day that had ended in São Paulo when the run was due, not when it came to begin.

    A night that waits until the next morning for a worker speaks for the day that it was scheduled for.
    """
    due: datetime = flow_run.scheduled_start_time
    return yesterday(due) if is_deployed() else yesterday()
