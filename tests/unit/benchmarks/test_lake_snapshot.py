"""The snapshot written without stores is what a run's extraction would have left of the same population."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.lake_snapshot import AS_OF, RUN, RisingCpfIssuer, SnapshotSize, obtain_snapshot, plan, write_snapshot
from contracts.artifacts import ArtifactStore
from contracts.cpf import has_valid_digits
from contracts.errors import UsageError
from contracts.tables import TABLES
from extract.lake import read_extraction, snapshot_path
from flows.run_plan import read_plan
from population.blocks import draw_clean_block
from population.cpf_numbers import CpfIssuer
from population.identifiers import to_text
from population.months import MonthGrid

SIZE = SnapshotSize(5_000, range_size=2_000)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = ArtifactStore(tmp_path_factory.mktemp("lake"))
    write_snapshot(lake, SIZE)
    return lake


@pytest.fixture(scope="module")
def extractions(lake):
    return [read_extraction(lake, RUN.snapshot_id, index) for index in range(SIZE.ranges)]


def test_the_plan_and_every_artifact_stand_whole(lake):
    assert read_plan(lake, RUN.snapshot_id) == plan(SIZE)
    for index in (*range(SIZE.ranges), None):
        assert lake.verify(snapshot_path(RUN.snapshot_id, index)).meta["data_referencia"] == AS_OF.isoformat()
    assert sum(t.num_rows for t in read_extraction(lake, RUN.snapshot_id, None).tables.values()) == 0


def test_every_record_lies_in_its_range_sorted_and_in_the_lakes_form(extractions):
    assert [e.tables["cliente"].num_rows for e in extractions] == [2_000, 2_000, 1_000]
    for extraction, cpf_range in zip(extractions, plan(SIZE), strict=True):
        for table in TABLES:
            found = extraction.tables[table.name]
            cpfs = found["cpf"].to_numpy()
            assert found.schema == table.lake_schema
            assert found.num_rows > 0
            assert (cpfs[1:] >= cpfs[:-1]).all()
            assert cpf_range.lower is None or cpfs[0] >= cpf_range.lower
            assert cpf_range.upper is None or cpfs[-1] < cpf_range.upper


def test_the_counts_add_up_with_what_extraction_ignores(extractions):
    counts = [counts for extraction in extractions for counts in extraction.counts.values()]
    assert not any(one.difference for one in counts)
    ignored = {rule for one in counts for rule in one.ignored}
    assert ignored == {"consulta_do_titular", "divida_prescrita", "fora_da_janela"}


def test_consumers_and_records_are_those_of_the_population_under_other_cpfs(extractions):
    grid = MonthGrid(AS_OF, SIZE.population.months)
    drawn = draw_clean_block(SIZE.population, 1, issuer=CpfIssuer(SIZE.seed), grid=grid)
    tables = extractions[1].tables
    assert tables["cliente"]["id"].to_pylist() == drawn.consumers.ids.to_pylist()
    debts = drawn.tables["divida"]
    assert sorted(tables["divida"]["id"].to_pylist()) == sorted(debts["id"].to_pylist())
    movements = drawn.tables["movimentacoes"]
    assert tables["movimentacoes"].num_rows == movements.num_rows
    assert pa.compute.sum(tables["movimentacoes"]["valor_centavos"]) == pa.compute.sum(movements["valor_centavos"])


def test_events_are_as_many_as_asked_for(extractions):
    events = sum(e.counts[name].read for e in extractions for name in ("consultas", "movimentacoes", "compras"))
    assert events / SIZE.consumers == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize("consumers", [5_000, 50_000_000])
def test_cpfs_are_valid_and_rise(consumers):
    numbers = np.concatenate([np.arange(2_000), np.arange(consumers - 2_000, consumers)])
    issuer = RisingCpfIssuer(7, consumers)
    cpfs = to_text(issuer.cpfs(numbers))
    assert all(has_valid_digits(cpfs).to_pylist())
    texts = cpfs.to_pylist()
    assert all(left < right for left, right in pairwise(texts))
    assert [int(text[8]) for text in texts] == CpfIssuer(7).regions(numbers).tolist()


def test_eleven_equal_digits_are_never_issued():
    issuer = RisingCpfIssuer(7, 50_000_000)
    first = np.arange(10) * 11_111_111 // 2
    numbers = np.unique((first[:, None] + np.arange(-3_000, 3_000)).clip(0, 49_999_999))
    assert all(len(set(text)) > 1 for text in to_text(issuer.cpfs(numbers)).to_pylist())


def test_two_processes_write_the_same_bytes_and_a_whole_snapshot_is_not_written_again(lake, tmp_path):
    again = obtain_snapshot(tmp_path, SIZE, workers=2)
    paths = [snapshot_path(RUN.snapshot_id, index) for index in (*range(SIZE.ranges), None)]
    first = [again.read_manifest(path) for path in paths]
    assert first == [lake.read_manifest(path) for path in paths]
    again.delete(snapshot_path(RUN.snapshot_id, None))
    obtain_snapshot(tmp_path, SIZE, workers=1)
    assert again.read_manifest(snapshot_path(RUN.snapshot_id, None)) is None


@pytest.mark.parametrize("wrong", [{"consumers": 0}, {"consumers": 10**8}, {"consumers": 10, "range_size": 2_500}])
def test_a_size_that_cannot_be_written_is_refused(wrong):
    with pytest.raises(UsageError):
        SnapshotSize(**wrong)
