"""What is done to a forked run before it begins: its plan of faults, a planted bug, and no pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

import flows.quality
import flows.score
from tests.run_faults import boundaries, planted_bugs


def prepare(plan: Mapping[str, Any]) -> None:
    """Install what a plan says (`boundaries.install`, `planted_bugs.plant`); ``pages`` asks for the run's pages."""
    boundaries.install(plan)
    planted_bugs.plant(plan.get("bug"))
    if not plan.get("pages"):
        _draw_no_pages()


def _draw_no_pages() -> None:
    """Leave out the run's report and the gates' pages, half of a small run's CPU; the gates judge all the same."""
    flows.score.write_run_report = lambda _outcome: None
    flows.quality.make_self_contained = lambda site, _suites: site
    AbstractDataContext.build_data_docs = lambda *_arguments, **_options: {}  # type: ignore[method-assign]
