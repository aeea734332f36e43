"""The engine for people who analyse: features, labels, scores, models and explanations as pandas frames.

>>> import escore
>>> escore.list_tables().loc["divida", "store"]
'A'
>>> escore.list_features().loc["consultas_90_dias_qtd", "unit"]
'consultas'

With a finished night, as the README's steps leave one (``escore up`` to ``escore run``)::

    import escore

    features = escore.load_features()  # of the run in force, one row a consumer
    earlier = escore.load_features("2024-03-31")  # as they were known then, from the same snapshot
    labels = escore.load_labels("2024-03-31")  # who defaulted in the twelve months after
    scores = escore.load_scores()
    escore.plot_scores(scores)

Frames are indexed by ``cliente_id``; a CPF is in none unless it is asked for (``keep_cpf=True``). ``frame.attrs``
tells the run, the date and every column's unit. What does not fit in memory is streamed: each ``load_x`` has an
``iter_x`` that yields one frame a CPF range. All of it reads; nothing here writes to a store, but for the audit
entry of ``explain``, which reads one person's data.
"""

from __future__ import annotations

from escore.consumers import iter_features, iter_labels, iter_scores, load_features, load_labels, load_scores
from escore.dictionary import list_columns, list_features, list_tables
from escore.drift import load_drift
from escore.explanation import Explanation, explain
from escore.nights import list_runs
from escore.plots import plot_drift, plot_fairness, plot_feature, plot_ranking, plot_reliability, plot_scores
from escore.records import iter_records, load_records, load_rejects
from escore.scorecards import list_models, load_fairness, load_figures, load_model, load_points, score_features
from escore.term_plots import plot_term

__all__ = [
    "Explanation",
    "explain",
    "iter_features",
    "iter_labels",
    "iter_records",
    "iter_scores",
    "list_columns",
    "list_features",
    "list_models",
    "list_runs",
    "list_tables",
    "load_drift",
    "load_fairness",
    "load_features",
    "load_figures",
    "load_labels",
    "load_model",
    "load_points",
    "load_records",
    "load_rejects",
    "load_scores",
    "plot_drift",
    "plot_fairness",
    "plot_feature",
    "plot_ranking",
    "plot_reliability",
    "plot_scores",
    "plot_term",
    "score_features",
]
