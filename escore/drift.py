"""Whether a run's consumers are still those that its model was trained on, as a frame of findings."""

from __future__ import annotations

import pandas as pd

from contracts.settings import Settings
from escore.nights import RunName, find_night
from models.monitoring.drift import find_drift
from models.monitoring.reference_distribution import DISTRIBUTION_FILE, ReferenceDistribution
from models.registry import load_model, model_path

_LEVELS = pd.CategoricalDtype(["ok", "atencao", "alerta"], ordered=True)


def load_drift(*, run: RunName | None = None, settings: Settings | None = None) -> pd.DataFrame:
    """Return one row a figure that is watched, the most changed beyond chance first.

    Returns
    -------
    pandas.DataFrame
        ``level`` (ordered category ok, atencao, alerta), ``measure``, ``subject`` (a feature or a rule), ``reference``
        (in training), ``actual`` (in the run), ``change``, and ``chance``, the change that chance explains.

    Raises
    ------
    RunConflictError
        No such published run.
    DataIntegrityError
        The run or the model was counted by an engine that kept no distribution, or the lake is damaged.

    Examples
    --------
    >>> drift = escore.load_drift()
    >>> drift["level"].cat.categories.to_list()
    ['ok', 'atencao', 'alerta']
    """
    from flows.monitor import run_distribution  # noqa: PLC0415 - loads Prefect, which takes seconds

    night = find_night(run, settings=settings)
    model = load_model(night.lake, night.run.model_version)
    kept = night.lake.read_json(model_path(model.version), DISTRIBUTION_FILE)
    actual = run_distribution(night.lake, night.run)
    report = find_drift(ReferenceDistribution.from_json(kept), actual, model.points.scale)
    ordered = sorted(report.findings, key=lambda one: one.chance - abs(one.change))
    rows = [
        (one.level.value, one.measure.value, one.subject, one.reference, one.actual, one.change, one.chance)
        for one in ordered
    ]
    columns = ["level", "measure", "subject", "reference", "actual", "change", "chance"]
    frame = pd.DataFrame(rows, columns=columns).astype({"level": _LEVELS})
    frame.attrs |= {"run": str(night.run.execucao_id), "as_of": night.as_of.isoformat(), "model": model.version}
    return frame
