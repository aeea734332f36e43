"""What docs/reference/json-output.md says that each command prints: the fields, and which of them may be missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "json-output.md"
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (\*?)`(\w+)`\1 \|", re.MULTILINE)
_EXTENDS = "One such object, with"


def documented() -> dict[str, dict[str, bool]]:
    """Return by command its fields, and whether each may be missing."""
    found: dict[str, dict[str, bool]] = {}
    before: dict[str, bool] = {}
    for heading, text in _SECTION.findall(PAGE.read_text(encoding="utf-8")):
        fields = {name: bool(star) for star, name in _ROW.findall(text)}
        before = before | fields if _EXTENDS in text else fields
        found |= dict.fromkeys(heading.split(", "), before)
    return found


def differs(command: str, printed: Any) -> dict[str, set[str]]:
    """Return where a command's document, or each of its list, differs from the page; nothing if it does not."""
    page = documented()[command]
    needed = {name for name, may_be_missing in page.items() if not may_be_missing}
    rows = printed if isinstance(printed, list) else [printed]
    unknown = {name for row in rows for name in row} - set(page)
    missing = {name for row in rows for name in needed - set(row)}
    return {what: names for what, names in (("unknown", unknown), ("missing", missing)) if names}
