"""The requests that the plan for a country counts for a range in a bucket are those that a run makes."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.lake_snapshot import AS_OF, RUN, SnapshotSize, write_snapshot
from benchmarks.scale_sizing import (
    ASIDE_FILES,
    DRIVER_REQUESTS,
    LOOK_OVER_REQUESTS,
    PUBLISH_REQUESTS,
    RANGE_GETS,
    RANGE_PUTS,
    READ_REQUESTS,
    WORK_REQUESTS,
)
from benchmarks.score_lake import obtain_points
from contracts.artifacts import ArtifactStore
from extract.lake import read_extraction, write_extraction
from extract.sources import Sources
from flows.range_work import SCORES_FILE, BegunRange, RangeWork, finish_range, finished_summary, snapshot_path
from tests.object_store import object_store


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    local = ArtifactStore(tmp_path_factory.mktemp("lake"))
    write_snapshot(local, SnapshotSize(2_000, range_size=2_000))
    return read_extraction(local, RUN.snapshot_id, 0), obtain_points(local)


def kind(request: str) -> str:
    """Return the price class of a request: GET and HEAD of a file, or PUT, POST and LIST."""
    method, path = request.split(" ")
    return "get" if method in {"GET", "HEAD"} and path.endswith((".json", ".parquet")) else "put"


def test_a_range_makes_the_requests_that_are_counted(extracted):
    extraction, points = extracted
    with object_store() as store:
        lake = ArtifactStore(store.lake("balde"))
        run = replace(RUN, model_version="v")
        work = RangeWork(run, Sources(None, None, None), lake, points)
        seen: Counter[str] = Counter()

        def made(step) -> int:
            store.requests.clear()
            step()
            seen.update(map(kind, store.requests))
            return len(store.requests)

        def read() -> None:
            assert finished_summary(lake, run, 0) is None
            assert lake.read_manifest(snapshot_path(run.snapshot_id, 0)) is None
            write_extraction(lake, run.snapshot_id, 0, extraction, as_of=AS_OF)

        def publish() -> None:
            lake.read_table(run.scores_path(0), SCORES_FILE)
            read_extraction(lake, run.snapshot_id, 0, tables=())

        assert made(lambda: lake.read_manifest(run.scores_path(0))) == DRIVER_REQUESTS
        assert made(read) == READ_REQUESTS
        assert made(lambda: finish_range(work, BegunRange(0, extraction))) == WORK_REQUESTS
        assert made(publish) == PUBLISH_REQUESTS
        assert seen == {"get": RANGE_GETS, "put": RANGE_PUTS - ASIDE_FILES}
        assert made(lambda: finished_summary(lake, run, 0)) == LOOK_OVER_REQUESTS
