"""A night's report in a browser: it opens from the disk, draws its plots, and asks nobody for anything."""

from __future__ import annotations

import os
from pathlib import Path

from tests.browser import launched, watch
from tests.flows.conftest import Night

ROOT = Path(__file__).parents[2]
ASSETS = "DOCS_ASSETS"
"""Variable with the folder, relative to the repository, that the picture for the documentation goes to."""


def test_the_report_opens_from_the_disk_and_asks_nobody(night: Night):
    [report] = (night.settings.var / "relatorios").glob(f"execucao-{night.run['execucao_id']}.html")
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 860})
        seen = watch(page)
        page.goto(report.as_uri())
        assert "publicada" in page.inner_text("body")
        assert page.locator("svg").count() == 4
        assert all(page.locator("svg").nth(place).bounding_box()["height"] > 100 for place in range(4))
        assert seen.faults == []
        assert seen.hosts() == {""}
        if folder := os.environ.get(ASSETS):
            page.screenshot(path=ROOT / folder / "report.png")
