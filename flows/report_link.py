"""Where a report is to be read: at the address that serves the folder ``SCORE_VAR``, or as a file of the machine."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import quote

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from contracts.settings import Settings

_LOG = logging.getLogger(__name__)


def report_link(settings: Settings, report: Path) -> str:
    """Return the address of a file below ``SCORE_VAR``: ``SCORE_REPORTS_URL`` and its path, or a file's URL."""
    if settings.reports_url is None:
        return report.resolve().as_uri()
    path = report.resolve().relative_to(settings.var.resolve())
    return f"{settings.reports_url.rstrip('/')}/{quote(path.as_posix())}"


def log_link(what: str, link: str) -> None:
    """Tell the log of the flow's run where a report is; outside a run, the module's."""
    try:
        get_run_logger().info("%s: %s", what, link)
    except MissingContextError:
        _LOG.info("%s: %s", what, link)
