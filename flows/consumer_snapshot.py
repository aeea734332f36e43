"""One consumer's records as a run saw them, from the run's snapshot in the lake; nobody else's leave this module."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, RunConflictError
from contracts.extraction import CpfRange
from contracts.tables import PESSOA, TABLES
from extract.lake import read_extraction
from flows.run_plan import read_plan

TABLES_READ = tuple(table.name for table in TABLES if table is not PESSOA)
"""What features are made of."""


def read_consumer(lake: ArtifactStore, execucao_id: UUID, cpf: str) -> Mapping[str, pa.Table]:
    """Return the lake tables of a run's snapshot, with the rows of one CPF alone.

    Raises
    ------
    RunConflictError
        The snapshot is not in the lake any more.
    DataIntegrityError
        A file of the snapshot is missing or not what the run wrote.
    """
    snapshot_id = str(execucao_id)
    ranges = read_plan(lake, snapshot_id)
    if ranges is None:
        raise RunConflictError(f"run {execucao_id}: its snapshot is past retention and no longer in the lake")
    place = next((one.index for one in ranges if _holds(one, cpf)), None)
    if place is None:
        raise DataIntegrityError(f"run {execucao_id}: no CPF range of its plan holds the consumer")
    tables = read_extraction(lake, snapshot_id, place, TABLES_READ).tables
    return {name: table.filter(pc.equal(table["cpf"], cpf)) for name, table in tables.items()}


def _holds(cpf_range: CpfRange, cpf: str) -> bool:
    above = cpf_range.lower is None or cpf_range.lower <= cpf
    return above and (cpf_range.upper is None or cpf < cpf_range.upper)
