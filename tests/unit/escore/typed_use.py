"""An analyst's program as the strict type checker sees it: `make check` reads it, and nothing runs it."""

from collections.abc import Iterator
from datetime import date
from typing import assert_type
from uuid import UUID

import pandas as pd
from matplotlib.axes import Axes

import escore
from models.registered_model import RegisteredModel


def explore(run: UUID) -> Axes:
    features = assert_type(escore.load_features("2025-12-31", columns=["idade_anos"], share=0.1), pd.DataFrame)
    labels = assert_type(escore.load_labels(date(2024, 6, 30)), pd.Series)
    model = assert_type(escore.load_model(), RegisteredModel)
    scores = assert_type(escore.score_features(model, features), pd.DataFrame)
    assert_type(escore.explain("1", run=run, purpose="revisao").score, int | None)
    assert_type(model.points.base_points, int)
    escore.plot_ranking(labels, scores["score"])
    return escore.plot_scores(escore.load_scores(run="2025-12-31"))


def stream() -> Iterator[int]:
    for part in escore.iter_features(pd.Timestamp("2025-12-31")):
        yield len(assert_type(part, pd.DataFrame))
    for labels in escore.iter_labels("2024-06-30"):
        yield int(assert_type(labels, pd.Series).sum())
