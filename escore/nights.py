"""Which run a frame is read from: the one in force, or the one published for a date; and where its parts lie."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

import pandas as pd

from contracts.artifacts import ArtifactStore
from contracts.errors import RunConflictError, UsageError
from contracts.extraction import CpfRange
from contracts.settings import Settings, load_settings
from flows.databases import reached_engine
from flows.resources import open_lake
from flows.run_plan import RunIdentity, read_plan
from stores.ledger import PUBLISHED, Run, get_run, run_in_force
from stores.ledger import list_runs as _ledger_runs

_HIDDEN = ("contagens", "retomavel")
"""Columns of the ledger that are the engine's own affair."""


@dataclass(frozen=True, slots=True)
class Night:
    """One published run: what names it, its model and date, and its CPF ranges in the lake."""

    run: RunIdentity
    lake: ArtifactStore
    settings: Settings

    @property
    def as_of(self) -> date:
        """Return the run's reference date."""
        return self.run.as_of

    @property
    def ranges(self) -> tuple[CpfRange, ...]:
        """Return the CPF ranges; RunConflictError where the snapshot is no longer kept."""
        found = read_plan(self.lake, self.run.snapshot_id)
        if found is None:
            raise RunConflictError(f"run {self.run.execucao_id}: its snapshot is past retention, no longer in the lake")
        return found


def find_night(run: UUID | str | None = None, *, settings: Settings | None = None) -> Night:
    """Return a published run by its id, or the one in force.

    Raises
    ------
    UsageError
        The id is none.
    RunConflictError
        There is no such run, it was never published, or none is in force.
    """
    settings = (settings or load_settings()).require("results_url")
    wanted = None if run is None else _run_id(run)
    with reached_engine(settings, "results_url") as engine:
        found = run_in_force(engine) if wanted is None else get_run(engine, wanted)
    if found is None:
        raise RunConflictError("no run is published: `escore run` makes one" if wanted is None else f"no run {wanted}")
    if found.situacao not in PUBLISHED:
        raise RunConflictError(f"run {found.id} was never published: it is {found.situacao}")
    return Night(RunIdentity(found.id, found.data_referencia, found.modelo_versao), open_lake(settings), settings)


def list_runs(*, most: int = 50, settings: Settings | None = None) -> pd.DataFrame:
    """Return the latest runs, newest first, indexed by ``execucao_id``.

    Returns
    -------
    pandas.DataFrame
        ``data_referencia`` (date), ``modelo_versao``, ``situacao``, counts of consumers (``extraidos``, ``pontuados``,
        ``insuficientes``, ``rejeitados``; Int64), ``impressao`` (SHA-256 of what was published) and instants in UTC.
    """
    settings = (settings or load_settings()).require("results_url")
    with reached_engine(settings, "results_url") as engine:
        runs = _ledger_runs(engine, limit=most)
    names = [field.name for field in fields(Run) if field.name not in _HIDDEN]
    frame = pd.DataFrame([[getattr(run, name) for name in names] for run in runs], columns=names)
    instants = {name: "datetime64[us, UTC]" for name in names if name.endswith("_em")}
    counts = dict.fromkeys(("extraidos", "pontuados", "insuficientes", "rejeitados"), "Int64")
    return (
        frame.astype(instants | counts | {"id": "str", "data_referencia": "datetime64[s]"})
        .rename(columns={"id": "execucao_id"})
        .set_index("execucao_id")
    )


def _run_id(run: UUID | str) -> UUID:
    try:
        return run if isinstance(run, UUID) else UUID(run)
    except ValueError:
        raise UsageError("run: not the id of a run; list_runs() shows them") from None
