"""Dated samples of a generated population without any store: features, labels, true probabilities, groups.

Enter population parameters and reference dates; leaves one Parquet file a date, written block by block, so that
memory holds one block. Blocks are turned into lake tables directly: a clean population loses no record in extraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.income_frequency import normalize_frequency
from contracts.table_declaration import Kind, Table
from contracts.tables import CLIENTE, DIVIDA, TABLES
from features.build import build_features
from models.label import label_defaults
from population.default_probability import HORIZON_MONTHS, MIN_DEBT_CENTS
from population.generate import Block, generate_blocks
from population.parameters import PopulationParameters
from population.raw_schema import CENTS

FOLD = "parte"
HOLDOUT_PERCENT = 15
AGE_LIMITS = (25, 35, 45, 60)
AGE_GROUPS = ("18-24", "25-34", "35-44", "45-59", "60+")


def write_samples(parameters: PopulationParameters, dates: Sequence[date], folder: Path) -> None:
    """Write ``<date>.parquet`` for each date: the feature table, then ``SAMPLE_COLUMNS``."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[date, pq.ParquetWriter] = {}
    with ExitStack() as stack:
        for block in generate_blocks(parameters):
            tables = lake_tables(block)
            for as_of in dates:
                rows = sample_rows(block, tables, as_of, observed_until=parameters.as_of)
                if as_of not in writers:
                    writer = pq.ParquetWriter(sample_path(folder, as_of), rows.schema, compression="zstd")
                    writers[as_of] = stack.enter_context(writer)
                writers[as_of].write_table(rows)


def sample_path(folder: Path, as_of: date) -> Path:
    """Return where a date's sample lies."""
    return folder / f"{as_of.isoformat()}.parquet"


def lake_tables(block: Block) -> dict[str, pa.Table]:
    """Return a clean block's records as the lake holds them."""
    clients = block.tables[CLIENTE.name]
    cpfs = pa.table({"cliente_id": clients["id"], "cpf": clients["cpf"]})
    found = {}
    for table in TABLES:
        raw = block.tables[table.name]
        if table is DIVIDA:
            raw = raw.join(cpfs, "cliente_id")
        found[table.name] = _lake_table(table, raw)
    return found


def _lake_table(table: Table, raw: pa.Table) -> pa.Table:
    columns: dict[str, pa.ChunkedArray] = {"cpf": raw["cpf"]}
    for column in table.read_columns:
        if column.kind is Kind.MONEY and column.name not in raw.column_names:
            columns[column.lake_name] = raw[CENTS]
        elif column.kind is Kind.MONEY:
            columns[column.lake_name] = pc.multiply(raw[column.name], pa.scalar(100)).cast(pa.int64())
        elif column.name == "frequencia":
            columns[column.lake_name] = _normalized(raw[column.name])
        else:
            columns[column.lake_name] = raw[column.name]
    return pa.table(columns).select(table.lake_schema.names).cast(table.lake_schema)


def _normalized(column: pa.ChunkedArray) -> pa.Array:
    encoded = column.combine_chunks().dictionary_encode()
    known = pa.array([normalize_frequency(text) for text in encoded.dictionary.to_pylist()])
    return known.take(encoded.indices)


def sample_rows(block: Block, tables: Mapping[str, pa.Table], as_of: date, *, observed_until: date) -> pa.Table:
    """Return the features of a block's consumers who have data, with label, truth, groups and part."""
    built = build_features(tables, as_of, threads=1)
    labels = label_defaults(
        tables,
        as_of,
        observed_until=observed_until,
        horizon_months=HORIZON_MONTHS,
        min_debt_cents=MIN_DEBT_CENTS,
    )
    truth = block.truth.filter(pc.equal(block.truth["data_referencia"], pa.scalar(as_of)))
    sexes = block.tables[CLIENTE.name].select(["cpf", "sexo"])
    rows = built.join(labels.select(["cpf", "is_bad"]), "cpf").join(truth.select(["cpf", "probabilidade"]), "cpf")
    rows = rows.join(sexes, "cpf").sort_by("cpf")
    rows = rows.append_column("faixa_etaria", _age_groups(rows["idade_anos"]))
    rows = rows.append_column(FOLD, _parts(rows["cpf"]))
    return rows.filter(pc.invert(rows["sem_dados"])).combine_chunks()


def _age_groups(ages: pa.ChunkedArray) -> pa.Array:
    return pa.array(AGE_GROUPS).take(pa.array(np.digitize(np.asarray(ages), AGE_LIMITS)))


def _parts(cpfs: pa.ChunkedArray) -> pa.Array:
    """Return ``ajuste`` or ``nunca_vistos`` by the CPF's serial number, scrambled: the same at every date."""
    serial = pc.utf8_slice_codeunits(cpfs, 0, 9).cast(pa.int64())
    scrambled = pc.shift_right(pc.multiply(serial, 2_654_435_761), 8)
    percent = pc.subtract(scrambled, pc.multiply(pc.divide(scrambled, 100), 100))
    return pc.if_else(pc.less(percent, HOLDOUT_PERCENT), "nunca_vistos", "ajuste").combine_chunks()
