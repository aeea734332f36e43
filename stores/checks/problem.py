"""One thing that is wrong in a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where, and what to do; a warning does not keep the engine from running.

    ``store`` is the setting's stem (``base_a`` ... ``redis``, ``lake``); ``what`` is one of ``settings``,
    ``connection``, ``table``, ``column``, ``index``, ``rights``, ``version``.
    """

    store: str
    what: str
    message: str
    hint: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.store}: {self.message}. {self.hint}"
