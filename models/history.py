"""Which model was in force when, and which was retired: an append-only history in the lake, kept for good.

Each event is an artifact of its own below ``models/historico``, named by its number and a hash of its content, so
that two events at once leave two entries and never overwrite each other. The order is by number, then instant,
then name; the last promotion is in force. A missing number or a damaged entry is an error, never skipped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.documents import reading_document
from contracts.errors import DataIntegrityError, UsageError

HISTORY_PATH = "models/historico"
EVENT_FILE = "evento.json"
MAX_WORDS = 500
_ENTRY_NAME = re.compile(r"^(\d{6})-[0-9a-f]{12}$")


class EventKind(StrEnum):
    """What happened to a model."""

    PROMOTION = "promocao"
    RETIREMENT = "aposentadoria"


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """A model came into force or was retired: its version, who decided it, when (UTC) and why.

    ``despite_gate`` tells that the gate had refused the model that was promoted.
    """

    kind: EventKind
    number: int
    version: str
    who: str
    when: datetime
    why: str
    despite_gate: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the event as its file holds it."""
        body = {
            "evento": self.kind.value,
            "numero": self.number,
            "versao": self.version,
            "quem": self.who,
            "quando": self.when.isoformat(),
            "motivo": self.why,
        }
        return {**body, "apesar_da_recusa": True} if self.despite_gate else body

    @property
    def entry_name(self) -> str:
        """Return the entry's folder name: its number and a hash of its content."""
        return f"{self.number:06d}-{hashlib.sha256(canonical_json(self.to_json())).hexdigest()[:12]}"


def record_event(  # noqa: PLR0913 - who, when and why are what the history is for
    lake: ArtifactStore,
    kind: EventKind,
    version: str,
    *,
    who: str,
    why: str,
    when: datetime,
    despite_gate: bool = False,
) -> ModelEvent:
    """Add an event to the history and return it; UsageError unless who, why and a zoned instant are given."""
    problems = [f"{name} is empty or too long" for name, text in (("who", who), ("why", why)) if not _is_words(text)]
    if when.tzinfo is None:
        problems.append("the instant has no time zone")
    if problems:
        raise UsageError(f"{kind.name.lower()}: " + "; ".join(problems))
    number = len({event.number for event in read_history(lake)}) + 1
    event = ModelEvent(kind, number, version, who.strip(), when.astimezone(UTC), why.strip(), despite_gate)
    path = f"{HISTORY_PATH}/{event.entry_name}"
    if lake.read_manifest(path) is None:
        lake.write(path, {EVENT_FILE: event.to_json()}, meta={"versao": version})
    return event


def read_history(lake: ArtifactStore) -> tuple[ModelEvent, ...]:
    """Return every event, oldest first; DataIntegrityError if an entry is damaged or one has gone missing."""
    finished = [name for name in lake.list(HISTORY_PATH) if lake.read_manifest(f"{HISTORY_PATH}/{name}") is not None]
    events = sorted((_read_event(lake, name) for name in finished), key=lambda e: (e.number, e.when, e.entry_name))
    numbers = {event.number for event in events}
    if numbers != set(range(1, len(numbers) + 1)):
        raise DataIntegrityError(f"{HISTORY_PATH}: an entry has gone missing: numbers {sorted(numbers)}")
    return tuple(events)


def promoted_version(history: Sequence[ModelEvent]) -> str | None:
    """Return the version that was promoted last, None before the first promotion."""
    promoted = [event.version for event in history if event.kind is EventKind.PROMOTION]
    return promoted[-1] if promoted else None


def retired_versions(history: Sequence[ModelEvent]) -> frozenset[str]:
    """Return the versions that were retired; a retirement is never undone."""
    return frozenset(event.version for event in history if event.kind is EventKind.RETIREMENT)


def _read_event(lake: ArtifactStore, name: str) -> ModelEvent:
    path = f"{HISTORY_PATH}/{name}"
    with reading_document(path):
        event = _parse_event(lake.read_json(path, EVENT_FILE))
        if not _ENTRY_NAME.match(name) or event.entry_name != name:
            raise DataIntegrityError(f"{path}: its content is not what its name stands for")
    return event


def _parse_event(body: Mapping[str, Any]) -> ModelEvent:
    when = datetime.fromisoformat(body["quando"])
    if when.tzinfo is None:
        raise ValueError("an instant without a zone")
    return ModelEvent(
        EventKind(body["evento"]),
        int(body["numero"]),
        str(body["versao"]),
        str(body["quem"]),
        when,
        str(body["motivo"]),
        bool(body.get("apesar_da_recusa", False)),
    )


def _is_words(text: str) -> bool:
    return 0 < len(text.strip()) <= MAX_WORDS and text.strip().isprintable()
