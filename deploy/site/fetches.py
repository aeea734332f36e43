"""What a built site would fetch from another host, found in its pages, styles, pictures and scripts.

Enters: the folder. Leaves: file and address of each. A script is not run but read: every address in it counts, other
than names of XML and what it asks for only on a page with a part that no page here has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_ELSEWHERE = r"(?:https?:|wss?:)?//"
_TAG = re.compile(r"<(?!a\b)([a-z]+)\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?<![-\w])([a-z]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)
_FETCHING = frozenset({"src", "srcset", "imagesrcset", "data", "href", "poster", "background"})
_ADDRESS = re.compile(rf"(?:^|[\s,])({_ELSEWHERE}[^\s,]+)", re.IGNORECASE)
_HARMLESS = re.compile(r"<link\b[^>]*\brel=[\"']?(?:canonical|alternate)\b", re.IGNORECASE)
_REFRESH = re.compile(r"http-equiv\s*=\s*[\"']?refresh\b", re.IGNORECASE)
_NEXT = re.compile(rf"\burl\s*=\s*[\"']?({_ELSEWHERE}[^\"'\s>]+)", re.IGNORECASE)
_STYLE = re.compile(rf"(?:@import\s*[\"']|url\(\s*[\"']?|image-set\(\s*[\"'])({_ELSEWHERE}[^\"')\s]+)", re.IGNORECASE)
_INLINE = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.IGNORECASE | re.DOTALL)
_INERT = re.compile(r"type\s*=\s*[\"']?application/(?:ld\+)?json", re.IGNORECASE)
_IN_SCRIPT = re.compile(rf"[\"'`]({_ELSEWHERE}[\w$][^\"'`\s\\)]*)", re.IGNORECASE)

_INDEX = "search.js"
"""The pages' words for the search: addresses in it are text that is shown."""

_NAMES = "http://www.w3.org/"
"""Of XML: told to the browser, and never asked for."""

_ONLY_FOR = {
    "https://unpkg.com/mermaid@": "mermaid",
    "https://unpkg.com/glightbox@": "glightbox",
    "https://unpkg.com/ace-builds@": "pyodide",
    "https://unpkg.com/pyodide@": "pyodide",
    "https://cdn.jsdelivr.net/pyodide/": "pyodide",
    "https://api.github.com/": "md-source",
    "https://${": "md-source",
    "https://unpkg.com/resize-observer-polyfill": "browser-of-before-2020",
}
"""What the generator's script asks for, and the class of the part of a page that makes it do so."""


def fetched(folder: Path) -> list[str]:
    """Return what files below a folder would fetch from another host, with the file that does."""
    found: list[tuple[str, str]] = []
    classes: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".html", ".css", ".svg", ".js"} or path.name == _INDEX:
            continue
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(folder))
        if path.suffix == ".js":
            found += [(name, address) for address in _by_script(text)]
            continue
        classes |= {mark for mark in set(_ONLY_FOR.values()) if _has_class(text, mark)}
        found += [(name, address) for address in (*_by_markup(text), *_by_style(text))]
    return [f"{name}: {address}" for name, address in found if not _is_left_alone(address, classes)]


def _by_markup(text: str) -> Iterator[str]:
    for tag in _TAG.finditer(text):
        if _HARMLESS.match(tag[0]):
            continue
        if _REFRESH.search(tag[0]):
            yield from _NEXT.findall(tag[0])
        for name, value in _ATTRIBUTE.findall(tag[0]):
            if name.lower() in _FETCHING:
                yield from _ADDRESS.findall(value.strip("\"'"))
            elif name.lower().startswith("on"):
                yield from _by_script(value[1:-1])
    for attributes, script in _INLINE.findall(text):
        if not _INERT.search(attributes):
            yield from _by_script(script)


def _by_style(text: str) -> list[str]:
    return _STYLE.findall(text)


def _by_script(text: str) -> list[str]:
    return _IN_SCRIPT.findall(text)


def _has_class(text: str, mark: str) -> bool:
    return re.search(rf"\bclass=[\"']?[^\"'>]*(?<![-\w]){mark}(?![-\w])", text) is not None


def _is_left_alone(address: str, classes: set[str]) -> bool:
    only_for = next((mark for start, mark in _ONLY_FOR.items() if address.startswith(start)), None)
    return address.startswith(_NAMES) or (only_for is not None and only_for not in classes)
