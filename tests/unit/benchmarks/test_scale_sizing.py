"""The plan's arithmetic, against numbers worked out by hand."""

from dataclasses import replace

import pytest

from benchmarks.range_schedule import MEASURED as RANGE_SECONDS
from benchmarks.scale_costs import FIGURES, MEASURED, Figure, UnitCosts, read_costs
from benchmarks.scale_findings import NAMED
from benchmarks.scale_prices import NAMES, Assumption, Assumptions
from benchmarks.scale_sizing import (
    RANGE_GETS,
    RANGE_PUTS,
    Scale,
    driver_seconds,
    entries_a_bucket,
    full_reads,
    incremental_reads,
    money,
    money_per_million,
    night_seconds,
    publication,
    range_costs,
    ranges_seconds,
    redis_cpu,
    redis_nodes,
    sensitivity,
    sizes,
)

COSTS = UnitCosts(
    extract_cpu=40e-6,
    score_cpu=25e-6,
    rows_a=10.0,
    rows_b=4.0,
    documents=20.0,
    debts=9.0,
    bytes_a=1_000.0,
    bytes_b=400.0,
    bytes_c=2_000.0,
    lake_bytes=1_500.0,
    task_overhead=0.1,
    start_up=4.0,
    copy_cpu=2e-6,
    index_cpu=1e-6,
    publish_cpu=3e-6,
    publish_wall=12e-6,
    redis_cpu=((0.5, 4e-6), (8.0, 2e-6)),
    redis_bytes=100.0,
    postgres_bytes=500.0,
    memory_fixed=300e6,
    memory_a_consumer=5_000.0,
    embedded_rate=10_000.0,
)
SCALE = Scale(consumers=100_000_000, range_size=50_000, workers=16)


def assumed(**values: float) -> Assumptions:
    """Return assumptions that are easy to reckon with, and those given."""
    easy = dict.fromkeys(NAMES, 1.0) | {"rate_a": 1e6, "rate_b": 1e6, "rate_c": 1e6, "s3_latency": 0.01} | values
    return Assumptions(**{name: Assumption(value, "", "") for name, value in easy.items()})


def test_ranges_and_machines_are_rounded_up():
    assert Scale(consumers=100_001, range_size=50_000, workers=9).ranges == 3
    assert Scale(workers=9).machines == 2


def test_a_full_night_reads_everything():
    reads = full_reads(1_000, COSTS)
    assert (reads.rows_a, reads.rows_b, reads.documents, reads.size) == (10_000, 4_000, 20_000, 3_400_000)


def test_an_incremental_night_reads_three_tables_whole_and_four_days():
    reads = incremental_reads(1_000, COSTS)
    assert reads.rows_a == pytest.approx(1_000 * (0.01 + 9))
    assert reads.rows_b == pytest.approx(1_000 * (0.01 + 3))
    assert reads.documents == pytest.approx(20_000 * 4 / 1096)
    assert incremental_reads(1_000, COSTS, dated=True).rows_a == pytest.approx(100)


def test_the_slowest_of_cores_and_stores_binds():
    cores = 100e6 * 65e-6 / 16  # 406.25 s
    assert ranges_seconds(SCALE, COSTS, assumed(rate_a=1e9, rate_b=1e9, rate_c=1e9)) == pytest.approx(cores)
    assert ranges_seconds(SCALE, COSTS, assumed()) == pytest.approx(2_000)  # 2 billion documents at a million a second
    assert ranges_seconds(SCALE, COSTS, assumed(core=0.1, rate_c=1e9)) == pytest.approx(10 * cores)


def test_what_a_range_takes():
    each = range_costs(SCALE, COSTS, assumed())
    assert (each.read_cpu, each.work_cpu) == (pytest.approx(2.0), pytest.approx(1.25))
    assert each.records == (500_000, 200_000, 1_000_000)
    assert each.read_wait == pytest.approx(0.14)
    assert range_costs(SCALE, COSTS, assumed(), stores=False).records == ()


def test_publishing_takes_its_slowest_stream_and_the_index():
    parts = publication(SCALE, COSTS, assumed())
    assert (parts.client, parts.copy, parts.index) == (pytest.approx(300), pytest.approx(200), pytest.approx(100))
    assert parts.lake == pytest.approx(2_000 * 8 * 0.01)
    assert parts.redis == pytest.approx(400)  # 0.32 rows a bucket: beyond what was measured, as its end
    assert parts.seconds == pytest.approx(500)


def test_redis_writes_cheaper_where_a_bucket_gets_several_rows():
    """At 4 million consumers half a million gathered put 8 rows into each bucket of 64."""
    assert redis_cpu(4_000_000, COSTS) == pytest.approx(4e6 * 2e-6)
    assert redis_cpu(16_000_000, COSTS) == pytest.approx(16e6 * 3e-6)  # 2 rows: half-way between 0.5 and 8 by logarithm


def test_a_night_is_the_sum_of_its_parts():
    parts = (driver_seconds(SCALE, assumed()), 4.0, 2_000.0, 500.0)
    assert parts[0] == pytest.approx(20.0)
    assert night_seconds(SCALE, COSTS, assumed()) == pytest.approx(sum(parts))


def test_sizes_that_stay():
    held = sizes(SCALE, COSTS, assumed(runs_kept=10.0))
    assert held.redis == pytest.approx(3 * 100e6 * 100)
    assert held.postgres == pytest.approx(10 * 100e6 * 500)
    assert held.lake == pytest.approx(10 * 100e6 * 1_500)
    assert held.worker == pytest.approx(300e6 + 50_000 * 5_000)
    assert redis_nodes(SCALE, COSTS, assumed()) == 1  # 30 GB in 85
    assert redis_nodes(replace(SCALE, consumers=300_000_000), COSTS, assumed()) == 2


def test_hashes_outgrow_their_aim_when_buckets_run_out():
    assert entries_a_bucket(100_000_000) == pytest.approx(64)
    assert entries_a_bucket(2**31) == pytest.approx(128)


def test_money_by_hand():
    parts = money(SCALE, COSTS, assumed(region=2.0))
    assert parts["workers"] == pytest.approx(2 * 2 * 2_004 / 3_600)
    assert parts["Redis"] == pytest.approx(2 * 24)
    assert parts["PostgreSQL, storage"] == pytest.approx(2 * 50 / 30)  # 50 GB at a dollar a month
    assert parts["lake, requests"] == pytest.approx(2 * 2_000 * (RANGE_PUTS + RANGE_GETS) / 1_000)
    assert parts["transfer between zones"] == pytest.approx(2 * 340)
    assert money_per_million(SCALE, COSTS, assumed(region=2.0)) == pytest.approx(sum(parts.values()) / 100)


def test_sensitivity_finds_what_binds():
    given = assumed()
    hours = sensitivity(SCALE, COSTS, given, "hours")
    assert {hours[0].name, hours[1].name} == {"documents", "rate_c"}
    assert [swing.width for swing in hours] == sorted((swing.width for swing in hours), reverse=True)
    flat = next(swing for swing in hours if swing.name == "worker")
    assert flat.low == flat.high == pytest.approx(night_seconds(SCALE, COSTS, given) / 3600)
    assert {swing.name for swing in hours} == set(NAMED)


def test_the_costs_are_those_of_the_pages():
    costs = read_costs()
    assert costs.extract_cpu == pytest.approx(MEASURED["extract_20k"].read() / 20_000)
    assert 0 < costs.score_cpu < 1e-3
    assert costs.redis_cpu[0][0] == pytest.approx(0.64)
    assert costs.memory_fixed > 0
    assert RANGE_SECONDS.exists()


@pytest.mark.parametrize("text", ["nothing", "| a | 1 |\n| a | 2 |"])
def test_a_figure_that_is_not_there_exactly_once_is_named(text, tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / FIGURES).write_text(text, encoding="utf-8")
    with pytest.raises(LookupError, match="what it is"):
        Figure("what it is", FIGURES, r"\| a \| # \|", "s").read(tmp_path)


def test_a_column_that_changes_its_place_is_noticed(tmp_path):
    """Else wall seconds would pass for CPU seconds."""
    (tmp_path / "reference").mkdir()
    page = tmp_path / FIGURES
    page.write_text("| consumers | CPU, s | times |\n|---|---|---|\n| 1,000,000 | 25.2 | 2.1 |\n", encoding="utf-8")
    assert MEASURED["score_1m"].read(tmp_path) == pytest.approx(25.2)
    page.write_text("| consumers | wall, s | CPU, s |\n|---|---|---|\n| 1,000,000 | 14.0 | 25.2 |\n", encoding="utf-8")
    with pytest.raises(LookupError):
        MEASURED["score_1m"].read(tmp_path)


def test_a_figure_may_break_over_two_lines_and_have_thousands(tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / FIGURES).write_text("it takes\n**1,234.5** s", encoding="utf-8")
    assert Figure("x", FIGURES, "it takes # s", "s").read(tmp_path) == pytest.approx(1234.5)
