"""A population as a stream of blocks: parameters in; tables, irregular records, defects and truth out.

Memory holds one block. A population of n consumers is the beginning of any larger one with the same other
parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter, itemgetter

import numpy as np
import pyarrow as pa

from population.blocks import CleanBlock, block_streams, draw_clean_block
from population.cpf_numbers import CpfIssuer
from population.dirt import DirtyBlock, defects_table, plant_dirt
from population.dirt_hand import Hand, Record
from population.months import MonthGrid
from population.parameters import BLOCK_SIZE, PopulationParameters

TRUTH_SCHEMA = pa.schema(
    [
        pa.field("cliente_id", pa.string(), nullable=False),
        pa.field("cpf", pa.string(), nullable=False),
        pa.field("data_referencia", pa.date32(), nullable=False),
        pa.field("probabilidade", pa.float64(), nullable=False),
    ]
)
"""One row a consumer and month-end since their registration: the true probability of default."""


@dataclass(frozen=True)
class Block:
    """One block of a population, as the stores hold it.

    ``tables`` are of ``raw_schema.raw_schema``; ``irregular`` holds the records that such a table cannot or
    should not hold, as column values or documents; ``defects`` is of DEFECTS_SCHEMA, ``truth`` of TRUTH_SCHEMA.
    """

    index: int
    consumers: int
    tables: Mapping[str, pa.Table]
    irregular: Mapping[str, list[Record]]
    defects: pa.Table
    truth: pa.Table

    def count(self, table: str) -> int:
        """Return how many records of a table the block holds."""
        return int(self.tables[table].num_rows) + len(self.irregular.get(table, ()))


def generate_blocks(parameters: PopulationParameters) -> Iterator[Block]:
    """Yield the population block by block, in order."""
    issuer = CpfIssuer(parameters.seed)
    grid = MonthGrid(parameters.as_of, parameters.months)
    for index in range(parameters.blocks):
        yield _generate_block(parameters, index, issuer=issuer, grid=grid)


def _generate_block(parameters: PopulationParameters, index: int, *, issuer: CpfIssuer, grid: MonthGrid) -> Block:
    clean = draw_clean_block(parameters, index, issuer=issuer, grid=grid)
    stream = block_streams(parameters.seed, index)["dirt"]
    hand = Hand(stream, parameters.seed, index, issuer, grid)
    dirty = plant_dirt(clean, hand, share=parameters.dirty)
    limit = min(BLOCK_SIZE, parameters.clients - index * BLOCK_SIZE)
    return Block(
        index=index,
        consumers=limit,
        tables={name: _cut(clean, dirty, name, limit=limit) for name in clean.tables},
        irregular={
            name: [planted.record for planted in sorted(records, key=attrgetter("owner")) if planted.owner < limit]
            for name, records in dirty.irregular.items()
        },
        defects=defects_table([row for owner, row in sorted(dirty.defects, key=itemgetter(0)) if owner < limit]),
        truth=_truth_table(clean, grid, limit=limit),
    )


def _cut(clean: CleanBlock, dirty: DirtyBlock, name: str, *, limit: int) -> pa.Table:
    kept = dirty.kept[name]
    kept = kept[clean.owners[name][kept] < limit]
    table = clean.tables[name]
    return table if len(kept) == table.num_rows else table.take(pa.array(kept))


def _truth_table(clean: CleanBlock, grid: MonthGrid, *, limit: int) -> pa.Table:
    probabilities = clean.probabilities[:limit]
    owner, number = np.nonzero(~np.isnan(probabilities))
    dates = pa.array(grid.reference_dates, pa.date32())
    return pa.table(
        {
            "cliente_id": clean.consumers.ids.take(pa.array(owner)),
            "cpf": clean.consumers.cpfs.take(pa.array(owner)),
            "data_referencia": dates.take(pa.array(number)),
            "probabilidade": pa.array(probabilities[owner, number]),
        },
        schema=TRUTH_SCHEMA,
    )
