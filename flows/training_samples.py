"""Gathers training samples: one snapshot, features as of several past dates, labels by what became known.

A snapshot of the training date holds all that was known by then; features as of an earlier date see only
what was known by that date, labels see the rest. A country does not fit in memory: CPF ranges are sampled
evenly so that no more consumers are read than the setting allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from contracts.artifacts import ArtifactStore
from contracts.extraction import CpfRange, TableCounts
from contracts.feature_terms import InputType
from contracts.settings import Settings
from contracts.tables import CLIENTE, MEASURED_ATTRIBUTES
from extract.extraction import extract_range
from extract.lake import read_extraction, write_extraction
from extract.sources import Sources
from features.build import build_features
from features.catalog import FEATURES
from models.inputs import InputFeature
from models.label import label_defaults
from models.training.data import DatedSample
from models.training.dates import TrainingDates

LABELS_FILE = "rotulos.parquet"
FEATURES_FILE = "variaveis.parquet"
AGE_FEATURE = "idade_anos"
"""Feature by whose age groups fairness is measured."""


@dataclass(frozen=True, slots=True)
class TrainingSnapshot:
    """What every range of one training shares: where, which day it speaks for, and the dates to label."""

    snapshot_id: str
    observed_until: date
    dates: TrainingDates


def model_inputs() -> tuple[InputFeature, ...]:
    """Return the declared features as the inputs of a model."""
    return tuple(
        InputFeature(
            name=feature.name,
            code=feature.code,
            dtype=InputType(feature.dtype),
            direction=feature.direction,
            text_raises=feature.text_raises,
            text_lowers=feature.text_lowers,
            label=short_name(feature.description),
        )
        for feature in FEATURES
    )


def short_name(description: str) -> str:
    """Return a feature's name within a sentence: the first clause of its description.

    >>> short_name("Dívidas pagas em dia; nulas se nenhuma foi paga.")
    'dívidas pagas em dia'
    """
    clause = description.partition(";")[0].rstrip(". ")
    return clause[:1].lower() + clause[1:]


def sample_ranges(ranges: Sequence[CpfRange], *, range_size: int, clients: int) -> tuple[CpfRange, ...]:
    """Return evenly spaced ranges that hold at most about ``clients`` consumers (at least one range).

    >>> [r.index for r in sample_ranges([CpfRange(i, None, None) for i in range(10)], range_size=100, clients=300)]
    [0, 3, 6]
    """
    kept = min(len(ranges), max(1, clients // range_size))
    return tuple(ranges[i * len(ranges) // kept] for i in range(kept))


def sample_range(
    settings: Settings, lake: ArtifactStore, snapshot: TrainingSnapshot, *, sources: Sources, cpf_range: CpfRange
) -> None:
    """Extract one range and leave its features and labels as of every training date in the lake."""
    extraction = replace(extract_range(sources, cpf_range, as_of=snapshot.observed_until), aside={}, heads={})
    source = write_extraction(lake, snapshot.snapshot_id, cpf_range.index, extraction, as_of=snapshot.observed_until)
    for as_of in snapshot.dates.all:
        labels = label_defaults(
            extraction.tables,
            as_of,
            observed_until=snapshot.observed_until,
            horizon_months=settings.horizon_months,
            min_debt_cents=settings.min_debt_cents,
        )
        table = build_features(extraction.tables, as_of)
        files: Mapping[str, pa.Table] = {
            FEATURES_FILE: table.filter(pc.invert(table["sem_dados"])),
            LABELS_FILE: labels,
        }
        meta = {"data_referencia": as_of.isoformat(), "instantaneo": source.digest}
        lake.write(sample_path(snapshot.snapshot_id, as_of, cpf_range.index), files, meta=meta)


def read_sample(lake: ArtifactStore, snapshot_id: str, as_of: date, indexes: Sequence[int]) -> DatedSample:
    """Return features and labels as of one date from all the ranges sampled."""
    paths = [sample_path(snapshot_id, as_of, index) for index in indexes]
    return DatedSample(
        as_of,
        pa.concat_tables([lake.read_table(path, FEATURES_FILE) for path in paths]).combine_chunks(),
        pa.concat_tables([lake.read_table(path, LABELS_FILE) for path in paths]).combine_chunks(),
    )


def read_protected(lake: ArtifactStore, snapshot_id: str, indexes: Sequence[int]) -> pa.Table:
    """Return the sampled consumers' CPFs with what no input may be a copy of: sex and marital status."""
    parts = [read_extraction(lake, snapshot_id, index, tables=[CLIENTE.name]).tables for index in indexes]
    columns = [CLIENTE.joins_by, *MEASURED_ATTRIBUTES]
    return pa.concat_tables([tables[CLIENTE.name].select(columns) for tables in parts]).combine_chunks()


def read_counts(lake: ArtifactStore, snapshot_id: str, indexes: Sequence[int]) -> dict[str, TableCounts]:
    """Return what the extraction of the sampled ranges read, used and refused, by table."""
    total: dict[str, TableCounts] = {}
    for index in indexes:
        for name, counts in read_extraction(lake, snapshot_id, index, tables=[]).counts.items():
            total[name] = total.get(name, TableCounts()) + counts
    return total


def sample_path(snapshot_id: str, as_of: date, index: int) -> str:
    """Return where one range's sample as of one date lies."""
    return f"training/{snapshot_id}/{as_of.isoformat()}/faixa-{index:05d}"
