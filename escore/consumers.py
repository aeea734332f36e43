"""What a run says of its consumers: features, labels and scores, whole or one frame a CPF range.

A run's snapshot holds all that was known by its date, and so also what was known by any date before: features and
labels as of an earlier date are computed from it by the functions that the night itself uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import itemgetter

import pandas as pd
import pyarrow as pa

from contracts.errors import UsageError
from contracts.settings import Settings
from contracts.tables import CLIENTE, DIVIDA
from escore.frames import KEY
from escore.nights import Day, Night, RunName, find_night
from escore.streams import MOST_ROWS, RangeStream, T, gather, records_of, stream_frames
from features.build import build_features, declared_columns
from features.catalog import FEATURES, FEATURES_BY_NAME
from flows.range_work import FEATURES_FILE, SCORES_FILE
from models.label import label_defaults

_ALWAYS = ("cpf", KEY, "sem_dados")
_UNITS = {feature.name: feature.unit for feature in FEATURES}
_SCORE_UNITS = {"score": "0-1000", "score_bruto": "points", "probabilidade": "probability of default"}


def load_features(  # noqa: PLR0913 - each narrows what is read
    as_of: Day | None = None,
    *,
    columns: Sequence[str] | None = None,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return the features of every consumer known at a date, one row each, indexed by ``cliente_id``.

    Parameters
    ----------
    as_of
        The day whose end the features speak for (America/Sao_Paulo), a ``date`` or ``"2025-12-31"``: the run's own,
        or any before it.
    columns
        Names of features, if not all; ``list_features()`` has them.
    share
        Share of consumers, 0 to 1, chosen by a hash of the id: the same ones in every frame.
    keep_cpf
        Add the column ``cpf``: personal data, on your own responsibility.
    most
        Rows from which on the frame is refused and streaming proposed; None for no limit.
    run
        A published run's id or date, if not the one in force.
    settings
        If not those of the current folder or the checkout.

    Returns
    -------
    pandas.DataFrame
        ``sem_dados`` (bool: nothing is known but the profile) and the features: float64, NaN where missing, or str.
        Counts are float64 too, for they may be missing. ``attrs["units"]`` has each one's unit; money is in reais.

    Raises
    ------
    SettingsError
        No results database is set, or a setting is wrong: all that is wrong is named.
    UsageError
        A column, share or date that cannot be, a date when nobody was known, or more rows than ``most``.
    RunConflictError
        No such published run, or its snapshot is past retention.
    DataIntegrityError
        A file of the lake is not what the run wrote.

    Examples
    --------
    >>> features = escore.load_features("2024-06-30", columns=["idade_anos", "renda_mensal_valor"])
    >>> features.dtypes.astype(str).to_dict()
    {'sem_dados': 'bool', 'idade_anos': 'float64', 'renda_mensal_valor': 'float64'}
    >>> features.attrs["as_of"], features.attrs["units"]
    ('2024-06-30', {'idade_anos': 'anos', 'renda_mensal_valor': 'R$ por mês'})

    The same consumers in every frame of a share, so that frames join by their index:

    >>> some = escore.load_features(columns=["uf"], share=0.1).join(escore.load_scores(share=0.1))
    >>> some["uf"].notna().any() and some["status"].notna().all()
    np.True_
    """
    stream = iter_features(as_of, columns=columns, share=share, keep_cpf=keep_cpf, run=run, settings=settings)
    return _of_somebody(gather(stream, most=most, streamed="iter_features"), as_of)


def iter_features(  # noqa: PLR0913 - each narrows what is read
    as_of: Day | None = None,
    *,
    columns: Sequence[str] | None = None,
    share: float = 1.0,
    keep_cpf: bool = False,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> RangeStream[pd.DataFrame]:
    """Return an iterator over the feature table, one frame a CPF range; parameters and errors of ``load_features``.

    Examples
    --------
    >>> total = sum(len(part) for part in escore.iter_features(columns=["idade_anos"]))
    >>> total == len(escore.load_features(columns=[]))
    True
    """
    _check_columns(columns)
    night = find_night(run, settings=settings)
    day = night.known_day(as_of)

    def part(index: int) -> pa.Table:
        if _is_the_runs_own(night, day):
            table = night.lake.read_table(night.run.scores_path(index), FEATURES_FILE)
        else:
            table = build_features(records_of(night, index, declared_columns()), day)
        return table if columns is None else table.select([*_ALWAYS, *columns])

    return stream_frames(night, part, share=share, as_of=day, units=_UNITS, keep_cpf=keep_cpf)


def load_labels(
    as_of: Day,
    *,
    share: float = 1.0,
    most: int | None = MOST_ROWS,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> pd.Series:
    """Return who defaulted within the horizon after a date, as known at the run's date: bool, by ``cliente_id``.

    A consumer is bad if a debt of ``SCORE_MIN_DEBT_REAIS`` or more falls due within ``SCORE_HORIZON_MONTHS`` after the
    date and stays unpaid for more than 90 days. Parameters and errors as ``load_features`` has them, and
    TrainingRefusedError where that is not known yet: the horizon and 90 days must lie before the run's date.

    Examples
    --------
    >>> bad = escore.load_labels("2024-06-30")
    >>> bad.name, str(bad.dtype), bool(0 < bad.mean() < 0.5)
    ('is_bad', 'bool', True)
    """
    stream = iter_labels(as_of, share=share, run=run, settings=settings)
    return _of_somebody(gather(stream, most=most, streamed="iter_labels"), as_of)


def iter_labels(
    as_of: Day, *, share: float = 1.0, run: RunName | None = None, settings: Settings | None = None
) -> RangeStream[pd.Series]:
    """Return an iterator over the labels, one series a CPF range; parameters and errors of ``load_labels``.

    Examples
    --------
    >>> bads = sum(part.sum() for part in escore.iter_labels("2024-06-30"))
    >>> bads == escore.load_labels("2024-06-30").sum()
    np.True_
    """
    night = find_night(run, settings=settings)
    day = night.known_day(as_of)
    terms = night.settings

    def part(index: int) -> pa.Table:
        return label_defaults(
            records_of(night, index, {CLIENTE.name: None, DIVIDA.name: None}),
            day,
            observed_until=night.as_of,
            horizon_months=terms.horizon_months,
            min_debt_cents=terms.min_debt_cents,
        )

    frames = stream_frames(night, part, share=share, as_of=day, units={})
    return frames.each(itemgetter("is_bad"))


def load_scores(
    *,
    share: float = 1.0,
    keep_cpf: bool = False,
    most: int | None = MOST_ROWS,
    run: RunName | None = None,
    settings: Settings | None = None,
) -> pd.DataFrame:
    """Return a run's scores, indexed by ``cliente_id``; parameters and errors as ``load_features`` has them.

    Returns
    -------
    pandas.DataFrame
        ``score`` (Int16, 0-1000), ``score_bruto`` (Int32, before it was cut to the scale), ``probabilidade`` (float32,
        of default within the horizon), ``faixa`` (ordered category, ``baixo`` first), ``status`` (``OK`` or
        ``DADOS_INSUFICIENTES``, which has none of these), and ``motivos``, a list of ``{"codigo", "pontos"}``,
        strongest first.

    Examples
    --------
    >>> scores = escore.load_scores(run="2025-12-31")
    >>> scores["score"].dtype, list(scores["faixa"].cat.categories)
    (Int16Dtype(), ['baixo', 'regular', 'bom', 'muito_bom'])
    >>> scores.attrs["units"]["score"]
    '0-1000'
    """
    stream = iter_scores(share=share, keep_cpf=keep_cpf, run=run, settings=settings)
    return gather(stream, most=most, streamed="iter_scores")


def iter_scores(
    *, share: float = 1.0, keep_cpf: bool = False, run: RunName | None = None, settings: Settings | None = None
) -> RangeStream[pd.DataFrame]:
    """Return an iterator over a run's scores, one frame a CPF range; columns, parameters, errors of ``load_scores``.

    Examples
    --------
    >>> sum(part["score"].notna().sum() for part in escore.iter_scores()) == escore.load_scores()["score"].notna().sum()
    np.True_
    """
    night = find_night(run, settings=settings)

    def part(index: int) -> pa.Table:
        return night.lake.read_table(night.run.scores_path(index), SCORES_FILE)

    return stream_frames(night, part, share=share, as_of=night.as_of, units=_SCORE_UNITS, keep_cpf=keep_cpf)


def _check_columns(columns: Sequence[str] | None) -> None:
    unknown = sorted(set(columns or ()) - FEATURES_BY_NAME.keys())
    if unknown:
        raise UsageError(f"no such feature: {', '.join(unknown)}; list_features() has them")


def _is_the_runs_own(night: Night, day: date) -> bool:
    return day == night.as_of


def _of_somebody(rows: T, as_of: Day | None) -> T:
    if as_of is not None and rows.empty:
        raise UsageError(f"as_of: nobody was known by {as_of}")
    return rows
