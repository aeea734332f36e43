"""Great Expectations' Data Docs as pages that stand alone: no script, nothing that a browser fetches elsewhere.

The library's pages load styles, scripts and a tracking image from other hosts, and its index is drawn by
those scripts. Results and suites are plain HTML and stay; the index is ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.pages import render_page

_REMOTE = re.compile(r"<(?:link|img)\b[^>]*(?:src|href)=\"https?://[^>]*>", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.IGNORECASE | re.DOTALL)
_FOOTER = re.compile(r"<footer\b.*?</footer>", re.IGNORECASE | re.DOTALL)
_ICON = re.compile(r"<i\b[^>]*class=\"fas? fa-([a-z-]+)[^\"]*\"[^>]*>\s*</i>", re.IGNORECASE)
_MARKS = {"check-circle": "✓", "times": "✗", "exclamation-triangle": "⚠"}
_STYLE = (
    "<style>body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}"
    "nav,ul{padding-left:1rem}a{color:#0b5394}.failed,.text-danger{color:#a61c00}</style>"
)


@dataclass(frozen=True, slots=True)
class JudgedSuite:
    """What the index tells of a suite: expectations judged, those that held, and critical ones that broke."""

    name: str
    judged: int
    held: int
    broken: int


def make_self_contained(site: Path, suites: Sequence[JudgedSuite]) -> Path:
    """Strip every page of the site, write its index anew, and return the index."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for unwanted in (_SCRIPT, _FOOTER, _REMOTE):
            text = unwanted.sub("", text)
        text = _ICON.sub(lambda icon: _MARKS.get(icon[1], ""), text)
        page.write_text(text.replace("</head>", f"{_STYLE}</head>", 1), encoding="utf-8")
    index = site / "index.html"
    index.write_text(render_page("data_docs.html.j2", style=_STYLE, suites=[_row(site, s) for s in suites]), "utf-8")
    return index


def _row(site: Path, suite: JudgedSuite) -> dict[str, object]:
    latest = max((site / "validations" / suite.name).rglob("*.html"), key=lambda page: page.parent.name)
    return {
        "name": suite.name,
        "judged": suite.judged,
        "held": suite.held,
        "broken": suite.broken,
        "validation": latest.relative_to(site).as_posix(),
        "expectations": f"expectations/{suite.name}.html",
    }
