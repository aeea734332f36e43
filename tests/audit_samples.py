"""Entries of the audit, and what a journal's folder holds of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serve.auditing.entry import AuditEntry
from serve.auditing.segment import segment_paths
from serve.auditing.segment_reader import reading

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ROUTE = "/clientes/{cliente_id}/score"


def subject(number: int) -> str:
    return f"cliente:{number:032x}"


def entry(number: int, *, subjects: int | list[str] = 1, **changes: Any) -> AuditEntry:
    """Return an entry that can be told from the others by its request's identifier; of so many persons, or of these."""
    if isinstance(subjects, int):
        subjects = [subject(number + place) for place in range(subjects)]
    values: dict[str, Any] = {
        "consulente": "banco-teste",
        "subjects": subjects,
        "recurso": ROUTE,
        "finalidade": "concessao_de_credito",
        "resultado": 200,
        "requisicao_id": f"r{number:06d}",
        "momento": MOMENT,
    }
    return AuditEntry(**(values | changes))


def requests_in(folder: Path) -> list[str]:
    """Return the requests of all whole records in a journal's folder, as its segments have them."""
    found = []
    for path in segment_paths(folder):
        with reading(path) as segment:
            offset = 0
            while (piece := segment.read(offset)).payloads:
                found += [json.loads(payload)[5] for payload in piece.payloads]
                offset = piece.end
    return found
