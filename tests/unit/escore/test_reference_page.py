"""The reference page of the Python interface: current, and of every public name."""

from __future__ import annotations

from pathlib import Path

import escore
from escore.reference_page import GROUPS, NAME, python_page

ROOT = Path(__file__).parents[3]


def test_the_committed_page_is_current():
    """`make docs` writes it."""
    assert (ROOT / "docs" / "reference" / NAME).read_text("utf-8") == python_page()


def test_every_public_name_is_on_it_once():
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(escore.__all__)


def test_a_function_has_its_call_its_parameters_and_its_examples():
    page = python_page()
    entry = page[page.index("### load_features\n") : page.index("### iter_features\n")]
    assert "```text\nescore.load_features(\n    as_of: Day | None = None,\n    *,\n" in entry
    assert "    most: int | None = 2_000_000,\n" in entry
    assert "- `share`: Share of consumers, 0 to 1" in entry
    assert "- `RunConflictError`: No such published run" in entry
    assert entry.count("```pycon\n>>> ") == 2
    assert "``as_of``" not in page
