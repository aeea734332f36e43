"""The page of the plan is what the code computes: its tables, its plots, and no number of the plan in between."""

import re

import pytest

from benchmarks.scale_plan import PAGE, PLOTS, fill_page, make_plan
from benchmarks.scale_plots import plots
from benchmarks.scale_tables import tables


@pytest.fixture(scope="module")
def plan():
    return make_plan()


def test_the_tables_are_current(plan):
    """`python -m benchmarks.scale_plan --write` writes them; they are never edited by hand."""
    text = PAGE.read_text(encoding="utf-8")
    assert fill_page(text, tables(plan)) == text


def test_the_plots_are_current(plan):
    made = plots(plan.outcomes, plan.scale, plan.costs, plan.given)
    assert {path.name for path in PLOTS.iterdir()} == set(made)
    for name, text in made.items():
        assert (PLOTS / name).read_text(encoding="utf-8") == text
        assert f"../benchmarks/scale/{name}" in PAGE.read_text(encoding="utf-8")


def test_a_block_is_replaced_and_nothing_else():
    page = "a\n<!-- plan: x -->\nold\n<!-- end -->\nb"
    assert fill_page(page, {"x": "new"}) == "a\n<!-- plan: x -->\n\nnew\n\n<!-- end -->\nb"
    assert fill_page(fill_page(page, {"x": "new"}), {"x": "new"}) == fill_page(page, {"x": "new"})


@pytest.mark.parametrize("blocks", [{}, {"y": ""}, {"x": "", "y": ""}])
def test_page_and_plan_name_the_same_blocks(blocks):
    with pytest.raises(LookupError):
        fill_page("<!-- plan: x -->\n<!-- end -->", blocks)


def test_the_prose_holds_no_money_hours_or_bytes_of_the_plan():
    prose = re.sub(r"<!-- plan: .*?<!-- end -->", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"\$\d|\d+ (?:h|min|GB|TB|MiB)\b", prose)
