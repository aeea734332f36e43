"""Which run a frame is read from: the one in force, one named, or the one published for a date; and its parts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.errors import RunConflictError, UsageError
from contracts.extraction import CpfRange
from contracts.settings import Settings, load_settings
from flows.databases import reached_engine
from flows.resources import open_lake
from flows.run_plan import RunIdentity, read_plan
from stores.ledger import PUBLISHED, Run, get_run, run_in_force
from stores.ledger import list_runs as _ledger_runs

CHECKOUT = Path(__file__).parents[1]
Day: TypeAlias = date | str
"""A date, or its text: ``"2025-12-31"``."""
RunName: TypeAlias = UUID | date | str
"""A run's id, or the date that it speaks for: of several published for one date, the latest."""

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

    def known_day(self, as_of: Day | None) -> date:
        """Return a date that the run can tell of, its own if none is given; UsageError if it is none, or later."""
        day = self.as_of if as_of is None else _day_of(as_of)
        if day > self.as_of:
            raise UsageError(f"as_of: the run knows nothing after {self.as_of}")
        return day


def settings_here() -> Settings:
    """Return the settings of the current folder; where it leads to no results, those of the engine's checkout.

    Jupyter works in the notebook's own folder, and ``.env`` and ``var/`` lie in the checkout's.
    """
    settings = load_settings()
    if settings.results_url is not None:
        return settings
    found = load_settings(folder=CHECKOUT)
    lake = {} if found.lake is None or "://" in found.lake else {"lake": str(CHECKOUT / found.lake)}
    return load_settings({"var": CHECKOUT / found.var, **lake}, folder=CHECKOUT)


def find_night(run: RunName | None = None, *, settings: Settings | None = None) -> Night:
    """Return a published run by its id or its date, or the one in force.

    Raises
    ------
    UsageError
        What names it is no id and no date.
    RunConflictError
        There is no such run, it was never published, or none is in force.
    """
    settings = (settings or settings_here()).require("results_url")
    wanted = None if run is None else _name_of(run)
    with reached_engine(settings, "results_url") as engine:
        found = _find_run(engine, wanted)
    return Night(RunIdentity(found.id, found.data_referencia, found.modelo_versao), open_lake(settings), settings)


def list_runs(*, most: int = 50, settings: Settings | None = None) -> pd.DataFrame:
    """Return the latest runs, newest first, indexed by ``execucao_id``.

    Returns
    -------
    pandas.DataFrame
        ``data_referencia`` (the date it speaks for), ``modelo_versao``, ``situacao`` (``publicada``: in force;
        ``substituida``: was in force; ``em_andamento``, ``falhou``), consumers (``extraidos``, ``pontuados``,
        ``insuficientes``, ``rejeitados``; Int64), ``impressao`` (SHA-256 of what was published), ``motivo_falha``, and
        instants in UTC (``iniciada_em``, ``terminada_em``, ``publicada_em``).

    Examples
    --------
    >>> runs = escore.list_runs()
    >>> (runs["situacao"] == "publicada").sum()
    np.int64(1)
    >>> runs["pontuados"].dtype
    Int64Dtype()
    """
    settings = (settings or settings_here()).require("results_url")
    with reached_engine(settings, "results_url") as engine:
        runs = _ledger_runs(engine, limit=most)
    names = [field.name for field in fields(Run) if field.name not in _HIDDEN]
    frame = pd.DataFrame([[getattr(run, name) for name in names] for run in runs], columns=names)
    instants = {name: "datetime64[us, UTC]" for name in names if name.endswith("_em")}
    counts = dict.fromkeys(("extraidos", "pontuados", "insuficientes", "rejeitados"), "Int64")
    return (
        frame.astype(instants | counts | {"id": "str", "data_referencia": "datetime64[us]"})
        .rename(columns={"id": "execucao_id"})
        .set_index("execucao_id")
    )


def _find_run(engine: sa.Engine, wanted: UUID | date | None) -> Run:
    if isinstance(wanted, date):
        return _run_of(engine, wanted)
    found = run_in_force(engine) if wanted is None else get_run(engine, wanted)
    if found is None:
        raise RunConflictError("no run is published: `escore run` makes one" if wanted is None else f"no run {wanted}")
    if found.situacao not in PUBLISHED:
        raise RunConflictError(f"run {found.id} was never published: it is {found.situacao}")
    return found


def _run_of(engine: sa.Engine, day: date) -> Run:
    published = [run for run in _ledger_runs(engine) if run.situacao in PUBLISHED]
    of_the_day = [run for run in published if run.data_referencia == day]
    if not of_the_day:
        days = sorted({run.data_referencia.isoformat() for run in published})
        raise RunConflictError(f"no run of {day} was published; there are runs of {', '.join(days[-5:]) or 'no date'}")
    return max(of_the_day, key=lambda run: run.id)


def _name_of(run: RunName) -> UUID | date:
    if isinstance(run, UUID):
        return run
    try:
        return _day_of(run)
    except UsageError:
        pass
    try:
        return UUID(str(run))
    except ValueError:
        raise UsageError("run: not the id of a run, nor a date; list_runs() shows them") from None


def _day_of(as_of: Day) -> date:
    if isinstance(as_of, datetime):  # a pandas Timestamp among them
        return as_of.date()
    try:
        return as_of if isinstance(as_of, date) else date.fromisoformat(as_of)
    except ValueError:
        raise UsageError("as_of: not a date like 2025-12-31") from None
