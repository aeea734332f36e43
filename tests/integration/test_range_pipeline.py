"""Ranges read ahead leave what ranges worked on one by one leave, and go on where a lost store stopped them."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, StoreUnavailableError
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
        "compras": [
            {"cpf": cpf, "data_compra": EARLIER, "valor": value} for cpf in CPFS[::2] for value in (10.5, "no number")
        ],
    }
    insert(settings, rows)
    with sources_of(settings) as opened:
        yield opened


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


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink])
def test_damage_to_any_file_of_a_range_is_found_and_the_range_done_anew(sources, tmp_path, damage):
    """Every kind of file: the tables, those set aside, rejects, features, scores and both manifests."""
    ranges = plan_ranges(sources.base_a, range_size=10)[:1]
    work = work_in(tmp_path, sources)
    first = work_ranges(work, ranges)
    whole = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    names = {path.name for path in whole}
    assert {"cliente.parquet", "rejeitado.parquet", "variaveis.parquet", "pontuacao.parquet"} <= names
    assert any(name.startswith("aparte-") for name in names)
    for file in whole:
        damage(file)
        with pytest.raises(DataIntegrityError, match=file.parent.name if damage is Path.unlink else file.name):
            work.lake.verify(str(file.parent.relative_to(tmp_path)))
        assert told(work_ranges(work, ranges)) == told(first), file.name
        for path, data in whole.items():
            assert path.suffix == ".json" or path.read_bytes() == data, f"{path.name} after damage to {file.name}"
        for folder in {path.parent for path in whole}:
            work.lake.verify(str(folder.relative_to(tmp_path)))
