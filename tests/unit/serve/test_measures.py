"""The page on measures tells of all that there are, and the page on watching names none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from flows.metrics_page import _ABOUT, exposed

DOCS = Path(__file__).parents[3] / "docs"


def test_every_measure_is_described_and_nothing_else_is():
    assert {family.name for family in exposed()} == set(_ABOUT)
    assert all(all(texts) for texts in _ABOUT.values())


def test_pages_name_only_measures_that_are_there():
    known = {sample.name for family in exposed() for sample in family.samples}
    known |= {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}
    for page in ("how-to/watch-the-api.md", "reference/metrics.md", "explanation/how-the-api-answers.md"):
        named = set(
            re.findall(
                r"\bescore_[a-z_]*(?:total|segundos|bytes|aberto|versao|curso)\b", (DOCS / page).read_text("utf-8")
            )
        )
        assert named <= known, page
