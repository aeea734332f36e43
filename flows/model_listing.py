"""The list of models: one line each, with figures out of time, the gate's decision, and whether it is in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from flows.terminal import whole
from models.registry import TAKES_OVER, ModelEntry, list_models
from models.validation.evidence import Evidence
from models.validation.evidence_json import encode
from models.validation.intervals import Interval

IN_FORCE, RETIRED, UNREADABLE = "vigente", "aposentado", "ilegivel"
APPROVED, REFUSED = "assume", "recusado"


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One line of the list; a model that cannot be read has a ``problem`` and no figures."""

    version: str
    state: str
    registered_at: datetime | None = None
    decision: str | None = None
    auc: Interval | None = None
    gini: Interval | None = None
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the line for a machine to read."""
        return {
            "versao": self.version,
            "situacao": self.state,
            "registrado_em": None if self.registered_at is None else self.registered_at.isoformat(),
            "decisao": self.decision,
            "auc": encode(self.auc),
            "gini": encode(self.gini),
            "problema": self.problem,
        }


def summarize_models(lake: ArtifactStore) -> tuple[ModelSummary, ...]:
    """Return every registered model's line, in order of version."""
    return tuple(summarize_entry(entry) for entry in list_models(lake))


def summarize_entry(entry: ModelEntry) -> ModelSummary:
    """Return one model's line; whatever is wrong with it is told in the line, not raised."""
    state = IN_FORCE if entry.in_force else RETIRED if entry.retired else ""
    if entry.model is None:
        return ModelSummary(entry.version, UNREADABLE, problem=entry.problem)
    try:
        later = Evidence.from_json(entry.model.metrics).out_of_time
    except DataIntegrityError as error:
        return ModelSummary(entry.version, UNREADABLE, problem=str(error))
    decision = APPROVED if entry.model.decision[TAKES_OVER] else REFUSED
    return ModelSummary(entry.version, state, entry.model.registered_at, decision, later.auc, later.gini)


def list_table(summaries: Sequence[ModelSummary]) -> Table:
    """Return the list as a table for people."""
    table = Table(whole("versao"), "registrado em", "AUC fora do tempo", "Gini", "decisao", "situacao")
    table.title, table.title_justify = f"models: {len(summaries)}", "left"
    for one in summaries:
        registered = "-" if one.registered_at is None else one.registered_at.isoformat(sep=" ", timespec="minutes")
        figures = (_text(one.auc), _text(one.gini), one.decision or "-")
        table.add_row(one.version, registered, *figures, one.problem or one.state)
    return table


def _text(figure: Interval | None) -> str:
    return "-" if figure is None else str(figure).replace("[", r"\[")
