"""Truth files appear whole or not at all."""

from datetime import date

import pyarrow.parquet as pq
import pytest

from population.generate import TRUTH_SCHEMA, generate_blocks
from population.parameters import PopulationParameters
from population.truth import DEFECTS_NAME, PROBABILITIES_NAME, TruthWriter


@pytest.fixture(scope="module")
def block():
    return next(generate_blocks(PopulationParameters(50, 2, date(2025, 6, 30), months=3, dirty=0.0)))


def test_files_hold_what_was_written(tmp_path, block):
    with TruthWriter(tmp_path) as truth:
        truth.write(block)
        truth.write(block)
    found = pq.read_table(tmp_path / PROBABILITIES_NAME)
    assert found.schema.equals(TRUTH_SCHEMA)
    assert found.num_rows == 2 * block.truth.num_rows
    assert pq.read_table(tmp_path / DEFECTS_NAME).num_rows == 0


def test_an_interrupted_writer_leaves_the_earlier_files(tmp_path, block):
    with TruthWriter(tmp_path) as truth:
        truth.write(block)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(RuntimeError, match="cut"):
        _write_and_fail(tmp_path, block)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _write_and_fail(folder, block):
    with TruthWriter(folder) as truth:
        truth.write(block)
        raise RuntimeError("cut")
