"""Training data: features and labels of several reference dates, aligned, counted and hashed.

Rows without a label, and rows about which nothing is known (``sem_dados``), are left out and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError
from models.apply import ROW_COLUMNS
from models.inputs import InputFeature, InputType, refuse_forbidden

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DatedSample:
    """Features as of a date (``cpf``, ``cliente_id``, ``sem_dados`` and inputs) and that date's labels."""

    as_of: date
    features: pa.Table
    labels: pa.Table


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Samples to train on, a later one, never seen in any choice, to validate on, and where the data end.

    ``protected`` (``cpf``, then sex and marital status as text, one row a consumer) is looked at by one check alone:
    that no input is an encoded copy of it.
    """

    samples: Sequence[DatedSample]
    validation: DatedSample
    observed_until: date
    protected: pa.Table | None = None


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


def is_in_share(cpfs: pa.ChunkedArray, share: float, seed: int) -> Flags:
    """Return which consumers fall in a share: a hash of the CPF, so that all of one's rows fall on the same side."""
    numbers = cpfs.cast(pa.int64()).to_numpy().astype(np.uint64)
    mixed = numbers + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # SplitMix64 (Steele et al., 2014)
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    chosen: Flags = mixed < np.uint64(int(share * 2**64))
    return chosen


def input_column(table: pa.Table, feature: InputFeature) -> pa.Array:
    """Return one input's column as one array of its declared type's Arrow form."""
    column = table[feature.name].combine_chunks()
    return column.cast(pa.float64() if feature.dtype is InputType.NUMBER else pa.string(), safe=False)
