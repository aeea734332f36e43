"""What the benchmark times is the nightly run's own work: the same scores as features and points built at once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from benchmarks.lake_snapshot import AS_OF, RUN, SnapshotSize, write_snapshot
from benchmarks.score_lake import measure, obtain_points, score_lake
from contracts.artifacts import ArtifactStore
from extract.lake import read_extraction, snapshot_path
from features.build import build_features
from flows.range_work import FEATURES_FILE, SCORES_FILE
from flows.run_plan import scores_root
from models.points.apply import apply_points

SIZE = SnapshotSize(3_000, range_size=2_000)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = ArtifactStore(tmp_path_factory.mktemp("lake"))
    write_snapshot(lake, SIZE)
    return lake


def scored(lake: ArtifactStore, name: str) -> pa.Table:
    return pa.concat_tables([lake.read_table(RUN.scores_path(index), name) for index in range(SIZE.ranges)])


@pytest.mark.parametrize(("workers", "kind"), [(1, "threads"), (2, "threads"), (2, "processes")])
def test_every_range_is_scored_as_if_built_at_once(lake, workers, kind):
    lake.delete(scores_root(RUN.execucao_id))
    summary = score_lake(lake, workers, kind)
    whole = [read_extraction(lake, RUN.snapshot_id, index).tables for index in range(SIZE.ranges)]
    table = build_features({name: pa.concat_tables([part[name] for part in whole]) for name in whole[0]}, AS_OF)
    assert scored(lake, FEATURES_FILE).combine_chunks().equals(table)
    assert scored(lake, SCORES_FILE).equals(apply_points(obtain_points(lake), table))
    assert summary.ranges == SIZE.ranges
    assert summary.unaccounted_clients == 0
    assert not any(summary.scores.broken.values())


def test_a_damaged_snapshot_is_not_scored(lake, tmp_path):
    write_snapshot(ArtifactStore(tmp_path), SIZE)
    (tmp_path / snapshot_path(RUN.snapshot_id, 1) / "pessoa.parquet").write_bytes(b"x")
    with pytest.raises(AttributeError):  # the range would be read from the stores again, and there are none
        score_lake(ArtifactStore(tmp_path), 1, "threads")


def test_a_repetition_counts_everybody_and_the_whole_process(lake):
    found = measure(lake, 1, "threads")
    assert found.scored == SIZE.consumers
    assert found.cpu > 0
    assert found.peak > 50 * 2**20
    assert set(found.steps) >= {"extrair", "variaveis", "pontuar"}
    assert sum(found.steps.values()) < found.wall
