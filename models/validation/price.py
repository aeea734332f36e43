"""The price of transparency: how much better than the scorecard a model is that nobody can read.

Champion and challengers are judged on the same later rows, under the same bootstrap replicates of the consumers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contracts.errors import DataIntegrityError
from models.validation.evaluate import Floats
from models.validation.intervals import Interval, Resampling, auc_replicates, normal_interval
from models.validation.judged import JudgedRows


@dataclass(frozen=True, slots=True)
class ChallengerFigures:
    """One challenger out of time; ``auc_difference`` is the champion's AUC minus its own, on the same rows."""

    name: str
    auc: Interval | None
    brier: Interval | None
    auc_difference: Interval | None
    brier_difference: Interval | None


def measure_challengers(
    rows: JudgedRows, challengers: Mapping[str, Floats], resampling: Resampling
) -> tuple[ChallengerFigures, ...]:
    """Return each challenger's figures, the greatest AUC first.

    ``challengers`` holds a probability of default for each of ``rows``; DataIntegrityError for any other length.
    """
    wrong = [name for name, probability in challengers.items() if len(probability) != len(rows)]
    if wrong:
        raise DataIntegrityError(
            f"challengers: {', '.join(wrong)} are not one probability for each of {len(rows)} rows"
        )
    champion = auc_replicates(rows.is_bad, rows.raw_score, resampling)
    loss = (rows.probability - rows.is_bad) ** 2
    found = []
    for name, probability in challengers.items():
        auc, aucs = auc_replicates(rows.is_bad, -probability, resampling)
        own = (probability - rows.is_bad) ** 2
        found.append(
            ChallengerFigures(
                name=name,
                auc=normal_interval(auc, aucs, lowest=0.0, highest=1.0),
                brier=normal_interval(float(own.mean()), resampling.means(own), lowest=0.0, highest=1.0),
                auc_difference=normal_interval(champion[0] - auc, champion[1] - aucs, lowest=-1.0, highest=1.0),
                brier_difference=normal_interval(
                    float((loss - own).mean()), resampling.means(loss - own), lowest=-1.0, highest=1.0
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.auc.estimate if one.auc else np.inf, one.name)))
