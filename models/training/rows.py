"""The rows of a training: every date's sample aligned, put together, and marked by date and part of the consumers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.inputs import InputFeature
from models.points.apply import raw_scores
from models.points.table import PointsTable
from models.training.data import (
    ConsumerPart,
    DatedSample,
    Flags,
    Parts,
    SampleCounts,
    TrainingData,
    align_sample,
    consumer_parts,
)
from models.validation.judged import JudgedRows

Floats: TypeAlias = npt.NDArray[np.float64]

AGE_LOWER_YEARS = (18, 25, 40, 60)
"""First year of each age group; from 60 on the law speaks of older persons (Lei 10.741 art. 1)."""

AGE_GROUP = "faixa_etaria"
OLDER_GROUP = f"{AGE_LOWER_YEARS[-1]} ou mais"


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Labelled rows of one or several dates: ``cpf`` and inputs, outcome, date and ``ConsumerPart`` of each."""

    features: pa.Table
    is_bad: Flags
    as_of: npt.NDArray[np.datetime64]
    part: Parts
    counts: tuple[SampleCounts, ...]

    @property
    def consumer(self) -> npt.NDArray[np.int64]:
        """Return a number that a consumer's rows share."""
        numbers: npt.NDArray[np.int64] = self.features["cpf"].cast(pa.int64()).to_numpy()
        return numbers

    def only(self, part: ConsumerPart) -> TrainingRows:
        """Return the rows of one part of the consumers."""
        chosen = self.part == part
        return TrainingRows(
            self.features.filter(pa.array(chosen)),
            self.is_bad[chosen],
            self.as_of[chosen],
            self.part[chosen],
            self.counts,
        )


@dataclass(frozen=True, slots=True)
class SplitRows:
    """The rows of a training by their use.

    Those of unseen consumers at the training dates are only described; ``later`` holds the later dates of everybody,
    ``strict`` those of unseen consumers, by which the model is judged.
    """

    fit: TrainingRows
    calibration: TrainingRows
    unseen: TrainingRows
    later: TrainingRows
    strict: TrainingRows

    @property
    def counts_by_use(self) -> dict[str, int]:
        """Return the number of rows that fitted, calibrated and judged."""
        return {
            "ajuste": len(self.fit.is_bad),
            "calibracao": len(self.calibration.is_bad),
            "fora_do_tempo": len(self.strict.is_bad),
            "fora_do_tempo_todos": len(self.later.is_bad),
        }


def split_rows(data: TrainingData, inputs: Sequence[InputFeature], *, seed: int) -> SplitRows:
    """Return the labelled rows of the data by their use; refuses what ``align_sample`` refuses."""
    training = gather_rows(data.samples, inputs, seed=seed)
    later = gather_rows(data.validation, inputs, seed=seed)
    fit, calibration, unseen = (training.only(part) for part in ConsumerPart)
    return SplitRows(fit, calibration, unseen, later, later.only(ConsumerPart.UNSEEN))


def gather_rows(samples: Sequence[DatedSample], inputs: Sequence[InputFeature], *, seed: int) -> TrainingRows:
    """Return the labelled rows of the samples, in their order; refuses what ``align_sample`` refuses."""
    parts = [align_sample(sample, inputs) for sample in samples]
    dates = [np.full(part.counts.rows, np.datetime64(part.counts.as_of)) for part in parts]
    names = ["cpf", *(feature.name for feature in inputs)]
    features = pa.concat_tables([part.features.select(names) for part in parts])
    return TrainingRows(
        features=features,
        is_bad=np.concatenate([part.is_bad for part in parts]),
        as_of=np.concatenate(dates),
        part=consumer_parts(features["cpf"], seed),
        counts=tuple(part.counts for part in parts),
    )


def judge_rows(points: PointsTable, rows: TrainingRows, data: TrainingData) -> JudgedRows:
    """Return what evidence is made from: scores, outcomes, consumers and groups of the rows."""
    raw = raw_scores(points, rows.features)
    return JudgedRows(
        as_of=rows.as_of,
        consumer=rows.consumer,
        is_bad=rows.is_bad,
        raw_score=raw,
        probability=points.scale.probability(raw).astype(np.float64),
        groups=_groups(rows.features, data),
    )


def _groups(rows: pa.Table, data: TrainingData) -> dict[str, pa.Array]:
    groups: dict[str, pa.Array] = {}
    if data.protected is not None:
        place = pc.index_in(rows["cpf"], value_set=data.protected["cpf"])
        names = [name for name in data.protected.column_names if name != "cpf"]
        groups = {name: data.protected[name].take(place).combine_chunks() for name in names}
    if data.age_column is not None:
        groups[AGE_GROUP] = age_groups(rows[data.age_column])
    return groups


def age_groups(years: pa.ChunkedArray) -> pa.Array:
    """Return the age group of each age in years, null where it is not known or below the first group.

    >>> age_groups(pa.chunked_array([[17.0, 24.0, 60.0, None]])).to_pylist()
    [None, '18 a 24', '60 ou mais', None]
    """
    younger = [f"{low} a {following - 1}" for low, following in pairwise(AGE_LOWER_YEARS)]
    names = pa.array([None, *younger, OLDER_GROUP], pa.string())
    known = years.cast(pa.float64()).to_numpy()
    group = np.searchsorted(AGE_LOWER_YEARS, known, side="right")
    return names.take(pa.array(np.where(np.isnan(known), 0, group)))
