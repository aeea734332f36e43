"""The site's navigation, from ``docs/index.md``: its headings, and under each the pages that it links to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from deploy.site.places import site_path

Page = tuple[str, str]
"""A page's title and its place in the site."""

_HEADING = re.compile(r"(#{2,3}) (.+)")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s#]+)")
INDEX = PurePosixPath("docs/index.md")
KINDS = ("Tutorials", "How-to guides", "Explanation", "Reference", "Decisions")
"""Headings of the index that list pages by kind; what stands elsewhere in it sends readers on."""


@dataclass
class Section:
    """A heading of the index, the pages linked below it (title and place in the site), and the headings below it."""

    title: str
    pages: list[Page] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


def read_sections(text: str) -> list[Section]:
    r"""Return the index's sections that list pages by kind; a page is listed where it is first linked.

    >>> read_sections("## Explanation\n### Law\n- [the law](explanation/a.md): as code")[0].sections[0].pages
    [('The law', 'explanation/a.md')]
    """
    sections: list[Section] = []
    met: set[str] = set()
    is_kind = False
    for block in re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE)[1:]:
        heading = _HEADING.match(block)
        assert heading is not None
        is_kind = heading[2] in KINDS if len(heading[1]) == 2 else is_kind
        if not is_kind:
            continue
        section = Section(heading[2])
        (sections if len(heading[1]) == 2 else sections[-1].sections).append(section)
        for title, link in _LINK.findall(block):
            place = _place(link)
            if place and place not in met:
                met.add(place)
                section.pages.append((_title(title), place))
    return [section for section in sections if section.pages or section.sections]


def _place(link: str) -> str:
    """Return where a linked page lies in the site; empty for what is no page."""
    if re.match(r"[a-z]+:", link) or not link.endswith((".md", ".py")):
        return ""
    parts = PurePosixPath(INDEX.parent, link).parts
    while ".." in parts:
        up = parts.index("..")
        parts = (*parts[: up - 1], *parts[up + 1 :])
    return str(site_path(PurePosixPath(*parts)))


def _title(text: str) -> str:
    plain = " ".join(re.sub(r"[`*]", "", text).split())
    return plain[:1].upper() + plain[1:]


def navigation(index: str, *, first: Iterable[Page], last: Iterable[Page]) -> list[dict[str, Any]]:
    """Return the navigation as the generator takes it: pages before, a tab a section of the index, pages after."""
    return [*_listed(first), *({section.title: _below(section)} for section in read_sections(index)), *_listed(last)]


def _below(section: Section) -> list[dict[str, Any]]:
    return [*_listed(section.pages), *({below.title: _below(below)} for below in section.sections)]


def _listed(pages: Iterable[Page]) -> list[dict[str, Any]]:
    return [{title: place} for title, place in pages]
