"""Models as frames: which there are, their points, their figures, their fairness; and scores of any features by one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from contracts.errors import ModelNotFoundError, UsageError
from contracts.settings import Settings
from escore.frames import KEY, frame_of
from escore.nights import settings_here
from features.catalog import FEATURES_SCHEMA
from flows.model_details import FIGURES, find_model, gather_details
from flows.model_listing import IN_FORCE
from flows.resources import open_lake
from models.points.apply import apply_points
from models.points.cell_labels import cell_labels
from models.registered_model import RegisteredModel
from models.registry import list_models as _registered
from models.validation.evidence import Evidence
from models.validation.fairness import GroupFairness
from models.validation.intervals import Interval


def list_models(*, settings: Settings | None = None) -> pd.DataFrame:
    """Return the registered models, by version: since when, whether in force or retired, terms, and AUC out of time.

    Examples
    --------
    >>> models = escore.list_models()
    >>> int(models["in_force"].sum()), models.columns.to_list()
    (1, ['registered_at', 'in_force', 'retired', 'terms', 'auc_out_of_time'])
    """
    rows = {}
    for entry in _registered(open_lake(settings or settings_here())):
        if entry.model is not None:
            out_of_time = Evidence.from_json(entry.model.metrics).out_of_time
            auc = None if out_of_time is None or out_of_time.auc is None else out_of_time.auc.estimate
            terms = len(entry.model.points.terms)
            rows[entry.version] = (entry.model.registered_at, entry.in_force, entry.retired, terms, auc)
    columns = ["registered_at", "in_force", "retired", "terms", "auc_out_of_time"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def load_model(version: str = IN_FORCE, *, settings: Settings | None = None) -> RegisteredModel:
    """Return a registered model, by version or the one in force; its checksums are compared, and no code is run.

    ModelNotFoundError if there is none; DataIntegrityError if it is not what was registered.

    Examples
    --------
    >>> model = escore.load_model()
    >>> model.version in escore.list_models().index, model.points.base_points > 0
    (True, True)
    """
    return find_model(open_lake(settings or settings_here()), version)


def load_points(model: RegisteredModel) -> pd.DataFrame:
    """Return the scorecard as a table: one row a cell, by ``code`` and ``cell``.

    ``features`` and ``holds`` say which values fall in the cell (a pair's in both), ``points`` (int) what they earn;
    the score is ``model.points.base_points`` and one cell's points a term. Where the model's evidence tells,
    ``rows`` and ``bads`` are those of the fit (Int64).

    Examples
    --------
    >>> points = escore.load_points(escore.load_model())
    >>> points.index.names, points.columns.to_list()
    (FrozenList(['code', 'cell']), ['features', 'holds', 'points', 'rows', 'bads'])
    """
    counts = {one.code: one for one in Evidence.from_json(model.metrics).terms}
    rows = []
    for term in model.points.terms:
        labels = [cell_labels(axis) for axis in term.axes]
        known = counts.get(term.code)
        for cell, places in enumerate(np.ndindex(term.shape)):
            holds = " & ".join(label[place] for label, place in zip(labels, places, strict=True))
            of_fit = (None, None) if known is None else (known.rows[cell], known.bads[cell])
            rows.append((term.code, cell, " x ".join(term.features), holds, term.points[cell], *of_fit))
    columns = ["code", "cell", "features", "holds", "points", "rows", "bads"]
    return pd.DataFrame(rows, columns=columns).astype({"rows": "Int64", "bads": "Int64"}).set_index(["code", "cell"])


def load_figures(version: str = IN_FORCE, *, settings: Settings | None = None) -> pd.DataFrame:
    """Return a model's figures with their 95% intervals: one row a set of rows and a figure.

    Sets are ``fora_do_tempo`` (later dates, consumers never seen), ``fora_do_tempo_todos``, ``calibracao``, ``ajuste``.
    Columns ``estimate``, ``low`` and ``high`` are float64, NaN where there was too little to tell. Figures are shares,
    0 to 1, but ``log_loss`` (nats) and ``calibration_slope``.

    Examples
    --------
    >>> auc = escore.load_figures().loc[("fora_do_tempo", "auc")]
    >>> bool(0.5 < auc["low"] < auc["estimate"] < auc["high"] < 1)
    True
    """
    details = gather_details(open_lake(settings or settings_here()), version)
    rows = {(name, figure): _bounds(getattr(of, figure)) for name, of in details.sets.items() for figure in FIGURES}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"], dtype="float64")
    frame.index = pd.MultiIndex.from_tuples(rows, names=["set", "figure"])
    return frame


def load_fairness(version: str = IN_FORCE, *, settings: Settings | None = None) -> pd.DataFrame:
    """Return what a model does to each group of sex, age and marital status: measured, never used.

    One row a group, by ``attribute`` and ``group``: ``rows``, ``bads``, whether there were enough rows to judge, and
    each figure as ``name``, ``name_low``, ``name_high`` (float64). ``approval_*`` speak of scores from
    the band ``bom`` on (docs/how-to/read-a-model-report.md says what each means). ModelNotFoundError where the model
    was trained without these attributes.

    Examples
    --------
    >>> fairness = escore.load_fairness()
    >>> fairness.loc["sexo", "approval_ratio"].max()
    np.float64(1.0)
    """
    evidence = Evidence.from_json(find_model(open_lake(settings or settings_here()), version).metrics)
    names = [field.name for field in fields(GroupFairness) if field.name not in ("group", "rows", "bads", "judged")]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for attribute in evidence.fairness:
        for one in attribute.groups:
            figures = {name: _bounds(getattr(one, name)) for name in names}
            told = {
                f"{n}{end}": v for n, of in figures.items() for end, v in zip(("", "_low", "_high"), of, strict=True)
            }
            rows[attribute.attribute, one.group] = {"rows": one.rows, "bads": one.bads, "judged": one.judged, **told}
    if not rows:
        raise ModelNotFoundError("the model's evidence holds no fairness: it was trained without protected attributes")
    frame = pd.DataFrame(list(rows.values()))
    frame.index = pd.MultiIndex.from_tuples(rows, names=["attribute", "group"])
    return frame


def score_features(model: RegisteredModel, features: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of a frame of features by a model, with reasons; columns as ``load_scores`` has them.

    The frame is one of ``load_features``, changed or not: every feature that the model reads must be there.
    UsageError names those that are not.

    Examples
    --------
    >>> features = escore.load_features(share=0.1)
    >>> scores = escore.score_features(escore.load_model(), features)
    >>> scores["score"].equals(escore.load_scores(share=0.1)["score"])
    True
    """
    missing = sorted({"sem_dados", *model.points.features} - set(features.columns))
    if missing:
        raise UsageError(f"columns missing: {', '.join(missing)}")
    ids = pa.array(features.index.astype("str"), pa.string())
    table = pa.table(
        {
            "cpf": pa.array([""] * len(features), pa.string()),
            KEY: ids,
            "sem_dados": pa.array(features["sem_dados"], pa.bool_()),
            **{
                name: pa.array(features[name], FEATURES_SCHEMA.field(name).type, from_pandas=True)
                for name in model.points.features
            },
        }
    )
    return frame_of(apply_points(model.points, table).drop_columns(["cpf"])).set_index(KEY)


def _bounds(interval: Interval | None) -> tuple[float, float, float]:
    return (np.nan,) * 3 if interval is None else (interval.estimate, interval.low, interval.high)
