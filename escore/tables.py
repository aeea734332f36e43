"""Features, labels, scores, source records and rejects of a run, whole or as a stream of one frame a CPF range.

A run's snapshot holds all that was known by its date, and so also what was known by any date before: features and
labels as of an earlier date are computed from it by the functions that the night itself uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.progress import track

from contracts.errors import UsageError
from contracts.settings import Settings
from contracts.tables import CLIENTE, DIVIDA, PESSOA, TABLES_BY_NAME
from escore.dictionary import COLUMN_UNITS
from escore.frames import KEY, frame_of, keyed_by_client
from escore.nights import Night, find_night
from extract.lake import read_extraction
from features.build import build_features, declared_columns
from features.catalog import FEATURES, FEATURES_BY_NAME
from flows.range_work import FEATURES_FILE, SCORES_FILE
from models.label import label_defaults

MOST_ROWS = 2_000_000
"""Rows that a ``load_x`` gathers before it says to stream instead: about 1 GB of features."""

_ALWAYS = ("cpf", KEY, "sem_dados")
_UNITS = {feature.name: feature.unit for feature in FEATURES}
_SCORE_UNITS = {"score": "0-1000", "score_bruto": "points", "probabilidade": "probability of default"}

Part = Callable[[Night, int], pa.Table]


def iter_features(  # noqa: PLR0913 - each narrows what is read
    as_of: date | None = None,
    *,
    columns: Sequence[str] | None = None,
    share: float = 1.0,
    keep_cpf: bool = False,
    run: UUID | str | None = None,
    settings: Settings | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the feature table range by range; parameters and errors as ``load_features`` has them."""
    _check_columns(columns)
    night = find_night(run, settings=settings)
    _check_date(night, as_of)

    def part(night: Night, index: int) -> pa.Table:
        if as_of is None or _is_the_runs_own(night, as_of):
            return night.lake.read_table(night.run.scores_path(index), FEATURES_FILE)
        return build_features(_records_of(night, index, declared_columns()), as_of)

    wanted = None if columns is None else [*_ALWAYS, *columns]
    for table in _parts(night, part, share):
        chosen = table if wanted is None else table.select(wanted)
        yield _told(keyed_by_client(chosen, keep_cpf=keep_cpf), night, as_of, units=_UNITS)


def load_features(  # noqa: PLR0913 - each narrows what is read
    as_of: date | None = None,
    *,
    columns: Sequence[str] | None = None,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: UUID | str | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return the features of every consumer known at a date, one row each, indexed by ``cliente_id``.

    Parameters
    ----------
    as_of
        The day whose end the features speak for (America/Sao_Paulo): the run's own, or any before it.
    columns
        Names of features, if not all; ``list_features()`` has them.
    share
        Share of consumers, 0 to 1, chosen by a hash of the id: the same ones in every frame.
    keep_cpf
        Add the column ``cpf``: personal data, on your own responsibility.
    most
        Rows from which on the frame is refused and streaming proposed; None for no limit.
    run
        A published run's id, if not the one in force.
    settings
        If not those of the environment.

    Returns
    -------
    pandas.DataFrame
        ``sem_dados`` (bool: nothing is known but the profile) and the features: float64, NaN where missing, or text.

    Raises
    ------
    UsageError
        A column, share or date that cannot be, or more rows than ``most``.
    RunConflictError
        No such published run, or its snapshot is past retention.
    DataIntegrityError
        A file of the lake is not what the run wrote.
    """
    stream = iter_features(as_of, columns=columns, share=share, keep_cpf=keep_cpf, run=run, settings=settings)
    return _gather(stream, most, "iter_features")


def load_labels(
    as_of: date, *, share: float = 1.0, run: UUID | str | None = None, settings: Settings | None = None
) -> pd.Series:
    """Return who defaulted within the horizon after a date, as known at the run's date: bool, by ``cliente_id``.

    TrainingRefusedError where the label is not known yet: the horizon and 90 days must lie before the run's date.
    """
    night = find_night(run, settings=settings)
    terms = night.settings

    def part(night: Night, index: int) -> pa.Table:
        return label_defaults(
            _records_of(night, index, {CLIENTE.name: None, DIVIDA.name: None}),
            as_of,
            observed_until=night.as_of,
            horizon_months=terms.horizon_months,
            min_debt_cents=terms.min_debt_cents,
        )

    parts = [_told(keyed_by_client(t), night, as_of, units={}) for t in _parts(night, part, share)]
    return pd.concat(parts)["is_bad"]


def iter_scores(
    *, share: float = 1.0, keep_cpf: bool = False, run: UUID | str | None = None, settings: Settings | None = None
) -> Iterator[pd.DataFrame]:
    """Yield a run's scores range by range, as ``load_scores`` has them."""
    night = find_night(run, settings=settings)

    def part(night: Night, index: int) -> pa.Table:
        return night.lake.read_table(night.run.scores_path(index), SCORES_FILE)

    for table in _parts(night, part, share):
        yield _told(keyed_by_client(table, keep_cpf=keep_cpf), night, None, units=_SCORE_UNITS)


def load_scores(
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: UUID | str | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return a run's scores, indexed by ``cliente_id``; parameters and errors as ``load_features`` has them.

    Returns
    -------
    pandas.DataFrame
        ``score`` (Int16, 0-1000), ``score_bruto`` (Int32, before it was cut to the scale), ``probabilidade`` (float32,
        of default within the horizon), ``faixa`` (ordered category), ``status``, and ``motivos``, a list of
        ``{"codigo", "pontos"}``, strongest first.
    """
    return _gather(iter_scores(share=share, keep_cpf=keep_cpf, run=run, settings=settings), most, "iter_scores")


def iter_records(
    table: str,
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    run: UUID | str | None = None,
    settings: Settings | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield a source table's checked records range by range, as ``load_records`` has them."""
    if table not in TABLES_BY_NAME:
        raise UsageError(f"table: one of {', '.join(TABLES_BY_NAME)}")
    night = find_night(run, settings=settings)

    def part(night: Night, index: int) -> pa.Table:
        found = _records_of(night, index, {CLIENTE.name: None, table: None})
        clients = None if table == CLIENTE.name else found[CLIENTE.name]
        return keyed_by_client(found[table], clients, keep_cpf=True)

    hidden = "id" if table in (CLIENTE.name, PESSOA.name) else None
    for found in _parts(night, part, share):
        kept = found.drop_columns([hidden]) if hidden in found.column_names else found
        yield _told(keyed_by_client(kept, keep_cpf=keep_cpf), night, None, units=COLUMN_UNITS[table])


def load_records(  # noqa: PLR0913 - each narrows what is read
    table: str,
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: UUID | str | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return the checked records of one of the eight source tables, as the run read them, indexed by ``cliente_id``.

    Money is in whole cents (Int64, columns that end in ``_centavos``), instants are UTC. ``list_tables()`` and
    ``list_columns(table)`` say what there is. Parameters and errors as ``load_features`` has them.
    """
    stream = iter_records(table, share=share, keep_cpf=keep_cpf, run=run, settings=settings)
    return _gather(stream, most, "iter_records")


def load_rejects(*, run: UUID | str | None = None, settings: Settings | None = None) -> pd.DataFrame:
    """Return how many records a run refused, by store, table and rule (descending): the records stay where they are."""
    night = find_night(run, settings=settings)
    places: list[int | None] = [one.index for one in night.ranges]
    tables = [read_extraction(night.lake, night.run.snapshot_id, index, []).rejects for index in [*places, None]]
    counted = pa.concat_tables(tables).group_by(["base", "tabela", "regra"]).aggregate([([], "count_all")])
    frame = frame_of(counted.rename_columns(["base", "tabela", "regra", "registros"]))
    return frame.sort_values(["registros", "tabela", "regra"], ascending=[False, True, True], ignore_index=True)


def _records_of(night: Night, index: int, columns: Mapping[str, Sequence[str] | None]) -> dict[str, pa.Table]:
    """Return some tables of a range's snapshot, with the columns named (None: all)."""
    if all(names is not None for names in columns.values()):
        named = {name: names for name, names in columns.items() if names is not None}
        return dict(read_extraction(night.lake, night.run.snapshot_id, index, columns=named).tables)
    return dict(read_extraction(night.lake, night.run.snapshot_id, index, list(columns)).tables)


def _parts(night: Night, part: Part, share: float) -> Iterator[pa.Table]:
    """Yield each range's table, the chosen share of its consumers."""
    if not 0 < share <= 1:
        raise UsageError("share: above 0, up to 1")
    ranges = night.ranges
    for one in track(ranges, "CPF ranges", transient=True, disable=len(ranges) < 2):
        table = part(night, one.index)
        yield table if share == 1 else table.filter(pa.array(_chosen(table[KEY], share)))


def _chosen(client_ids: pa.ChunkedArray, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    hashed = pd.util.hash_array(client_ids.to_numpy(zero_copy_only=False))
    return np.asarray(hashed < np.uint64(round(share * (2**64 - 1))))


def _told(table: pa.Table, night: Night, as_of: date | None, *, units: Mapping[str, str]) -> pd.DataFrame:
    frame = frame_of(table, units=units).set_index(KEY)
    frame.attrs |= {
        "run": str(night.run.execucao_id),
        "as_of": (as_of or night.as_of).isoformat(),
        "model": night.run.model_version,
    }
    return frame


def _gather(stream: Iterator[pd.DataFrame], most: int | None, streamed: str) -> pd.DataFrame:
    parts, rows = [], 0
    for part in stream:
        parts.append(part)
        rows += len(part)
        if most is not None and rows > most:
            raise UsageError(f"more than {most:,} rows: pass share= or most=, or go through them by {streamed}()")
    return pd.concat(parts)


def _check_columns(columns: Sequence[str] | None) -> None:
    unknown = sorted(set(columns or ()) - FEATURES_BY_NAME.keys())
    if unknown:
        raise UsageError(f"no such feature: {', '.join(unknown)}; list_features() has them")


def _is_the_runs_own(night: Night, as_of: date) -> bool:
    return as_of == night.as_of


def _check_date(night: Night, as_of: date | None) -> None:
    if as_of is not None and as_of > night.as_of:
        raise UsageError(f"as_of: the run knows nothing after {night.as_of}")
