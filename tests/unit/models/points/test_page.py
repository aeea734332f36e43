"""Guards the printed points: every term and every reachable cell on the page, nothing loaded, nothing unescaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from contracts.feature_terms import InputType, RiskDirection
from models.points.cell_codes import term_codes
from models.points.page import pair_table, render_points_page, term_bars
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from tests.points_samples import make_points, make_rows

HOSTILE = "<script>alert('x')</script>&\"{{ 7*7 }}"


class Page(HTMLParser):
    """Collects the tags and the texts of a page, and checks that every tag is closed."""

    VOID = ("meta", "br", "wbr")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open += [tag] if tag not in self.VOID else []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("seed", range(3))
def test_every_term_is_on_the_page_and_nothing_is_loaded_from_elsewhere(seed):
    points = make_points(seed, pairs=5)
    html = render_points_page(points)
    page = Page(html)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert page.attributes.isdisjoint({"src", "href", "onclick", "onload"})
    assert "url(" not in html
    assert "http" not in html
    text = " ".join(page.texts)
    for term in points.terms:
        assert term.code in text
    assert points.sha256 in text
    assert render_points_page(points) == html


def test_what_is_shown_is_the_points_of_every_reachable_cell():
    points = make_points(5, pairs=6)
    for term in points.terms:
        grid = term.grid()
        unreachable = [a.other_cell if a.kind is InputType.NUMBER else -1 for a in term.axes]
        if term.is_pair:
            columns, rows = pair_table(term)
            shown = {(label, c.label): h.points for label, heats in rows for c, h in zip(columns, heats, strict=True)}
            held = grid[[i for i in range(grid.shape[0]) if i != unreachable[0]]]
            held = held[:, [j for j in range(grid.shape[1]) if j != unreachable[1]]]
            assert set(shown.values()) == set(held.ravel().tolist())
        else:
            bars = term_bars(term, 1, None)
            reachable = [p for place, p in enumerate(term.points) if place != unreachable[0]]
            known = bars[: len(bars) - (len(reachable) - term.axes[0].bins)]
            assert [bar.points for bar in bars[len(known) :]] == reachable[term.axes[0].bins :]
            assert all(left.points != right.points for left, right in pairwise(known))
            assert {bar.points for bar in bars} == set(reachable)


def test_neighbours_of_equal_points_are_one_line_with_both_their_limits():
    axis = Axis("atraso_dias", InputType.NUMBER, RiskDirection.MORE_RISK, edges=(0.0, 15.5, 1e4, 2e4))
    term = Term("A", (axis,), (50, 10, 10, -20, -20, 0, 4))
    bars = term_bars(term, 50, [10, 20, 30, 15, 5, 0, 20])
    assert [(bar.label, bar.points, bar.width, bar.share) for bar in bars] == [
        ("até 0", 50, 100, 0.1),
        ("> 0 até 10.000", 10, 20, 0.5),
        ("> 10.000", -20, 40, 0.2),
        ("ausente", 4, 8, 0.2),
    ]


def test_shares_are_those_of_the_rows_given():
    points = make_points(7, pairs=2)
    table = make_rows(points, 500, 7)
    counts = {t.code: np.bincount(term_codes(t, table), minlength=len(t.points)) for t in points.terms}
    for term in points.terms:
        if not term.is_pair:
            assert sum(bar.share for bar in term_bars(term, 1, counts[term.code])) == pytest.approx(1)
    with_rows, without = render_points_page(points, counts), render_points_page(points)
    assert len(re.findall(r'<td class="s">', with_rows)) > len(points.terms)
    assert '<td class="s">' not in without
    nobody = {code: np.zeros_like(rows) for code, rows in counts.items()}
    Page(render_points_page(points, nobody))


def test_names_values_and_codes_are_escaped():
    axes = (Axis(HOSTILE, InputType.NUMBER, edges=(1.0,)), Axis("uf", InputType.CATEGORY, groups=((HOSTILE,),)))
    terms = (
        Term(HOSTILE, axes[:1], (1, 2, 3, 4)),
        Term("UF", axes[1:], (1, 2, 3)),
        Term(f"2{HOSTILE}", axes, tuple(range(12))),
    )
    html = render_points_page(PointsTable(HOSTILE, 12, ScoreScale(), 600, terms))
    page = Page(html)
    assert "script" not in page.tags
    assert "{{ 7*7 }}" in "".join(page.texts)
    assert "".join(page.texts).count("alert('x')") == html.count("alert(&#39;x&#39;)") > 6


def test_a_table_of_no_terms_is_a_page_too():
    Page(render_points_page(PointsTable("vazio", 12, ScoreScale(), 600, ())))
