"""Training data: features and labels of several reference dates, aligned, counted and hashed.

Rows without a label, and rows about which nothing is known (``sem_dados``), are left out and counted. Consumers are
split by a hash of the CPF, so that all of one's rows, at every date and in every training of one seed, fall in one
part (``ConsumerPart``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from contracts.extraction import TableCounts
from contracts.feature_terms import InputType
from models.inputs import InputFeature, refuse_forbidden
from models.points.apply import ROW_COLUMNS

Flags = npt.NDArray[np.bool_]
Parts = npt.NDArray[np.int8]


class ConsumerPart(IntEnum):
    """What a consumer's rows may be used for; nobody in ``UNSEEN`` has a say in any choice."""

    FIT = 0
    CALIBRATION = 1
    UNSEEN = 2

    @property
    def title(self) -> str:
        """Return the part's name in documents."""
        return ("ajuste", "calibracao", "nao_vistos")[self]


PART_SHARES = {ConsumerPart.FIT: 0.70, ConsumerPart.CALIBRATION: 0.15, ConsumerPart.UNSEEN: 0.15}
"""Shares of the consumers: most to fit, and as many to calibrate on as to judge by (our choice)."""


@dataclass(frozen=True, slots=True)
class DatedSample:
    """Features as of a date (``cpf``, ``cliente_id``, ``sem_dados`` and inputs) and that date's labels."""

    as_of: date
    features: pa.Table
    labels: pa.Table


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Samples to train on, later ones, never seen in any choice, to validate on, and where the data end.

    ``protected`` (``cpf``, then sex and marital status as text, one row a consumer) is looked at by checks alone:
    that no input is an encoded copy of it, and that the model is fair. ``age_column`` names the feature, if any, that
    holds the age in years, by whose groups fairness is measured too. ``table_counts`` tell what the extraction behind
    the samples read, used and refused, by table.
    """

    samples: Sequence[DatedSample]
    validation: Sequence[DatedSample]
    observed_until: date
    protected: pa.Table | None = None
    age_column: str | None = None
    table_counts: Mapping[str, TableCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """What became of a date's rows, and the hashes of its two tables."""

    as_of: date
    rows: int
    bads: int
    without_data: int
    unlabelled: int
    features_sha256: str
    labels_sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the counts as ``treino.json`` holds them."""
        return {
            "data_referencia": self.as_of.isoformat(),
            "linhas": self.rows,
            "inadimplentes": self.bads,
            "sem_dados": self.without_data,
            "sem_rotulo": self.unlabelled,
            "sha256_variaveis": self.features_sha256,
            "sha256_rotulos": self.labels_sha256,
        }


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows to learn from or to measure on: features, outcome, and what was left out."""

    features: pa.Table
    is_bad: Flags
    counts: SampleCounts


def align_sample(sample: DatedSample, inputs: Sequence[InputFeature]) -> LabelledRows:
    """Return the rows of a sample that have data and a label, inputs only, in the order of its features.

    TrainingRefusedError if a forbidden column is there at all; DataIntegrityError if one is missing or a
    consumer appears twice.
    """
    refuse_forbidden(sample.features.column_names)
    names = [*ROW_COLUMNS, *(feature.name for feature in inputs)]
    missing = sorted(set(names) - set(sample.features.column_names))
    if missing:
        raise DataIntegrityError(f"features as of {sample.as_of}: columns missing: {', '.join(missing)}")
    table, labels = sample.features.select(names).combine_chunks(), sample.labels.combine_chunks()
    for what, one in (("features", table), ("labels", labels)):
        if pc.count_distinct(one["cpf"]).as_py() != one.num_rows:
            raise DataIntegrityError(f"{what} as of {sample.as_of}: a consumer appears more than once")
    place = pc.index_in(table["cpf"], value_set=labels["cpf"])
    has_label = pc.is_valid(place).to_numpy(zero_copy_only=False)
    has_data = ~table["sem_dados"].to_numpy(zero_copy_only=False)
    kept = pa.array(has_label & has_data)
    is_bad = labels["is_bad"].take(place.filter(kept)).to_numpy(zero_copy_only=False)
    counts = SampleCounts(
        as_of=sample.as_of,
        rows=len(is_bad),
        bads=int(is_bad.sum()),
        without_data=int((~has_data).sum()),
        unlabelled=int((has_data & ~has_label).sum()),
        features_sha256=hash_table(table),
        labels_sha256=hash_table(labels),
    )
    return LabelledRows(table.filter(kept), is_bad, counts)


def hash_table(table: pa.Table) -> str:
    """Return a SHA-256 over the column names, types and values, whatever the chunks and the bytes under nulls."""
    digest = hashlib.sha256()
    for name in table.column_names:
        column = table[name].combine_chunks()
        digest.update(f"{name}:{column.type}:{len(column)}\n".encode())
        if pa.types.is_string(column.type):
            digest.update(pc.fill_null(pc.binary_length(column), -1).to_numpy().tobytes())
            whole = pa.ListArray.from_arrays(pa.array([0, len(column)], pa.int32()), pc.fill_null(column, ""))
            digest.update(pc.binary_join(whole, "")[0].as_buffer())
        else:
            values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
    return digest.hexdigest()


def consumer_parts(cpfs: pa.ChunkedArray, seed: int) -> Parts:
    """Return each row's ``ConsumerPart``, by its CPF: the same at every date, in every training of one seed."""
    limits = np.cumsum(list(PART_SHARES.values()))[:-1]
    parts: Parts = np.searchsorted(limits, hash_position(cpfs, seed), side="right").astype(np.int8)
    return parts


def is_in_share(cpfs: pa.ChunkedArray, share: float, seed: int) -> Flags:
    """Return which rows belong to a share of the consumers; the draws of different seeds are independent."""
    chosen: Flags = hash_position(cpfs, seed) < share
    return chosen


def hash_position(cpfs: pa.ChunkedArray, seed: int) -> npt.NDArray[np.float64]:
    """Return a place in [0, 1) for each CPF, as good as drawn at random, and always the same for one seed."""
    numbers = cpfs.cast(pa.int64()).to_numpy().astype(np.uint64)
    mixed = numbers + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # SplitMix64 (Steele et al., 2014)
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    position: npt.NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return position


def input_column(table: pa.Table, feature: InputFeature) -> pa.Array:
    """Return one input's column as one array of its declared type's Arrow form."""
    column = table[feature.name].combine_chunks()
    return column.cast(pa.float64() if feature.dtype is InputType.NUMBER else pa.string(), safe=False)


def is_known(table: pa.Table, feature: InputFeature) -> bool:
    """Return whether any row has a value of an input: not null and, of a number, finite."""
    column = input_column(table, feature)
    if feature.dtype is InputType.CATEGORY:
        return int(column.null_count) < len(column)
    return bool(pc.any(pc.is_finite(column)).as_py())
