"""Ranges read ahead leave what ranges worked on one by one leave, and go on where a lost store stopped them."""

import uuid
from dataclasses import replace

import pytest

from contracts.artifacts import ArtifactStore
from contracts.errors import StoreUnavailableError
from extract.partitions import plan_ranges
from extract.sources import Sources
from flows.range_summary import RangeSummary
from flows.range_work import SCORES_FILE, RangeWork, begin_range, finish_range, work_ranges
from flows.run_plan import RunIdentity
from stores.connections import mongo_database
from tests.extract_samples import AS_OF, EARLIER, client, cpf_of, income, insert, sources_of
from tests.model_samples import small_table

CPFS = [cpf_of(7_000_003 * n + 11) for n in range(40)]


@pytest.fixture(scope="module")
def sources(make_installation):
    settings = make_installation("faixas_adiante")
    rows = {
        "cliente": [client(f"c{n:02d}", cpf) for n, cpf in enumerate(CPFS)],
        "fonte_de_renda": [income(f"f{n}", cpf) for n, cpf in enumerate(CPFS[::3])],
        "compras": [{"cpf": cpf, "data_compra": EARLIER, "valor": 10.5} for cpf in CPFS[::2]],
    }
    insert(settings, rows)
    opened = sources_of(settings)
    yield opened
    opened.base_a.dispose()
    opened.base_b.dispose()
    opened.base_c.client.close()


def work_in(folder, sources: Sources) -> RangeWork:
    return RangeWork(RunIdentity(uuid.UUID(int=1), AS_OF, "amostra-1"), sources, ArtifactStore(folder), small_table())


def told(summary: RangeSummary) -> dict[str, object]:
    return {name: value for name, value in summary.to_json().items() if name != "segundos"}


def test_reading_ahead_changes_nothing(sources, tmp_path):
    ranges = plan_ranges(sources.base_a, range_size=10)
    ahead, apart = work_in(tmp_path / "1", sources), work_in(tmp_path / "2", sources)
    total = work_ranges(ahead, ranges)
    one_by_one = sum((finish_range(apart, begin_range(apart, r)) for r in ranges), RangeSummary())
    assert told(total) == told(one_by_one)
    assert total.ranges == len(ranges) == 4
    for cpf_range in ranges:
        path = ahead.run.scores_path(cpf_range.index)
        assert ahead.lake.read_table(path, SCORES_FILE) == apart.lake.read_table(path, SCORES_FILE)


def test_a_lost_store_leaves_the_ranges_before_it_and_the_rest_is_done_later(sources, tmp_path):
    ranges = plan_ranges(sources.base_a, range_size=10)
    work = work_in(tmp_path, sources)
    work_ranges(work, ranges[:2])
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifesto.json")}
    silent = mongo_database("mongodb://127.0.0.1:1/base_c", timeout=0.5)
    with pytest.raises(StoreUnavailableError):
        work_ranges(replace(work, sources=replace(sources, base_c=silent)), ranges)
    silent.client.close()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifesto.json")} == finished
    assert work_ranges(work, ranges).ranges == len(ranges)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in finished.items())
