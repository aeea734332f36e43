"""Renders the HTML pages of a run from the templates beside this module; what is put in is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(template: str, **values: object) -> str:
    """Return a page; a value that the template names and is not given is an error."""
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters["n"] = lambda number: f"{number:,}".replace(",", ".")
    return environment.get_template(template).render(**values)
