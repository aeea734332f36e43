"""The benchmarks' table: its arithmetic and verdicts, what it says of who was not measured, and its rendering again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import listing, main, parse
from benchmarks.measured_process import ContenderError, run_measured
from benchmarks.table import page, plots
from benchmarks.table.bars import verdicts
from benchmarks.table.figures import FLOOR, OURS, Figure, Measurements, Run, Step, Unmeasured, ratio
from benchmarks.table.rounds import Entrant, Outcome, Rounds, take_rounds

MACHINE = {"processor": "2 cores, made up", "measured": "to 2026-01-01 00:00 UTC"}


def figure(step: Step, name: str, consumers: int, *walls: float, peak: float = 100.0, redis: float | None = None):
    runs = tuple(Run(wall, wall / 2, peak, redis_bytes=redis) for wall in walls)
    return Figure(step, name, consumers, consumers * 33, consumers * 400, runs, "features equal")


@pytest.fixture
def measured() -> Measurements:
    figures = [
        figure(Step.EXTRACTION, OURS, 100_000, 9.0),
        figure(Step.EXTRACTION, FLOOR, 100_000, 6.0),
        figure(Step.FEATURES, OURS, 100_000, 1.4),
        figure(Step.FEATURES, "duckdb", 100_000, 1.2),
        figure(Step.FEATURES, "polars", 100_000, 1.0),
        figure(Step.SCORE, OURS, 100_000, 3.0, 1.0, 2.0),
        figure(Step.SCORE, FLOOR, 100_000, 0.5),
        figure(Step.SCORE, "pandas", 100_000, 16.0),
        figure(Step.SCORE, "pyspark", 100_000, 5.9),
        figure(Step.SCORE, OURS, 500_000, 10.0, peak=1_000),
        figure(Step.SCORE, OURS, 1_000_000, 19.0, peak=1_908),
        figure(Step.SCORE, OURS, 2_000_000, 41.0, peak=1_101),
        figure(Step.PUBLISHING, OURS, 1_000_000, 12.0, redis=83.8e6),
        figure(Step.PUBLISHING, FLOOR, 1_000_000, 10.0),
    ]
    missing = [
        Unmeasured(Step.EXTRACTION, "", 1_000_000, "loading takes hours"),
        Unmeasured(Step.PUBLISHING, "feast", 1_000_000, "not | there"),
    ]
    return Measurements(MACHINE).added(figures, missing)


def test_medians_spreads_and_ratios(measured: Measurements):
    ours, floor = (measured.find(Step.SCORE, name, 100_000) for name in (OURS, FLOOR))
    assert ours is not None
    assert (ours.wall, ours.cpu, ours.spread("wall")) == (2.0, 1.0, (1.0, 3.0))
    assert ours.rows_per_second == 33 * 100_000 / 2.0
    assert ratio(ours, floor, "wall") == 4.0
    assert ratio(ours, None, "wall") is None
    assert ratio(ours, floor, "redis_bytes") is None
    assert ratio(ours, replace(ours, runs=(Run(0.0, 0.0, 1.0),)), "wall") is None


def test_every_bar_is_judged_and_what_was_not_measured_is_neither_reached_nor_missed(measured: Measurements):
    found = {verdict.what: verdict.word for verdict in verdicts(measured)}
    assert found == {
        "features, score and reasons from the lake, 1,000,000 consumers: wall": "reached",
        "the same: peak memory": "MISSED",
        "from 500,000 to 2,000,000 consumers: wall": "reached",
        "from 500,000 to 2,000,000 consumers: peak memory": "MISSED",
        "pandas + scikit-learn over ours, 100,000: wall": "reached",
        "PySpark over ours, 100,000: wall": "MISSED",
        "features over the best of DuckDB and Polars, 100,000: wall": "MISSED",
        "extraction of 100,000 over its floor: CPU of the clients": "reached",
        "publishing 1,000,000 over its floor: wall": "reached",
        "the same: Redis, all in, by used_memory": "reached",
    }
    assert {verdict.reached for verdict in verdicts(Measurements())} == {None}


def test_the_best_of_two_needs_both(measured: Measurements):
    without = replace(measured, figures=tuple(f for f in measured.figures if f.contender != "polars"))
    words = {verdict.what: verdict.word for verdict in verdicts(without)}
    assert words["features over the best of DuckDB and Polars, 100,000: wall"] == "not measured"


def test_the_table_has_a_row_for_each_and_says_who_is_missing_and_why(measured: Measurements):
    lines = page.table(measured).splitlines()
    assert len(lines) == 2 + len(measured.figures) + len(measured.unmeasured)
    assert len({len(line) for line in lines}) == 1
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    score = next(line for line in lines if "pandas + scikit-learn" in line)
    cells = [cell.strip() for cell in score.strip("|").split("|")]
    assert cells[1:8] == ["100,000", "pandas + scikit-learn", "206,250", "16.0", "8.00", "32.00", "8.00"]
    ours = next(line for line in lines if "**escore**" in line and "3.00)" in line)
    assert "2.00 (1.00 to 3.00)" in ours
    assert "NOT MEASURED: loading takes hours" in page.table(measured)
    assert "NOT MEASURED: not \\| there" in page.table(measured)
    assert "83.8" in next(line for line in lines if "publishing" in line and "**escore**" in line)


def test_figures_can_be_kept_read_back_and_rendered_again(measured: Measurements, tmp_path: Path, capsys):
    measured.save(tmp_path / "figures.json")
    assert Measurements.load(tmp_path / "figures.json") == measured
    assert main(["--from-figures", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "README.md").read_text()
    assert page.table(measured) in text
    assert page.table(measured) in capsys.readouterr().out
    assert "2 cores, made up" in text
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")}
    assert set(first) == set(plots.CAPTIONS)
    assert all(f"]({name})" in text for name in first)
    main(["--from-figures", "--out", str(tmp_path)])
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")} == first


def test_the_page_in_the_documentation_is_made_from_its_figures():
    folder = Path(__file__).parents[3] / "docs" / "benchmarks"
    measured = Measurements.load(folder / "figures.json")
    assert (folder / "README.md").read_text() == page.page(measured, folder)
    assert all((folder / name).exists() for name in plots.CAPTIONS)


def test_plots_stand_even_where_little_was_measured(tmp_path: Path):
    alone = Measurements(MACHINE).added([figure(Step.SCORE, OURS, 1_000, 1.0)], [])
    for found in (alone, Measurements()):
        assert all(path.stat().st_size for path in plots.draw_all(found, tmp_path))


def test_another_format_is_refused(tmp_path: Path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        Measurements.load(path)


def test_new_figures_take_the_place_of_old_ones_and_of_what_could_not_be_measured(measured: Measurements):
    again = figure(Step.PUBLISHING, "feast", 1_000_000, 300.0)
    found = measured.added([again, figure(Step.SCORE, OURS, 100_000, 9.0)], [])
    assert found.find(Step.PUBLISHING, "feast", 1_000_000) == again
    assert [one.step for one in found.unmeasured] == [Step.EXTRACTION]
    assert len(found.figures) == len(measured.figures) + 1
    assert [f.wall for f in found.figures if f.key == (Step.SCORE, 100_000, OURS)] == [9.0]
    assert found.added([], [Unmeasured(*again.key[:1], "feast", 1_000_000, "failed")]).find(*again.key) is None


class Contender:
    """Gives its walls one after the other; fails where there is none left."""

    def __init__(self, log: list[str], name: str, *walls: float) -> None:
        self.log, self.name, self.walls = log, name, list(walls)

    def __call__(self) -> Outcome:
        self.log.append(self.name)
        if not self.walls:
            raise ContenderError("it fell over", "line 1\nline 2")
        rows, octets = (330, None) if self.name == OURS else (None, 999)
        return Outcome(Run(self.walls.pop(0), 0.1, 10.0), rows, octets)


def rounds_of(*entrants: Entrant, rounds: Rounds):
    said: list[str] = []
    figures, missing = take_rounds(Step.SCORE, 10, entrants, rounds=rounds, report=said.append)
    return {one.contender: one for one in figures}, {one.contender: one.reason for one in missing}, said


def test_rounds_alternate_and_rows_and_bytes_are_shared():
    log: list[str] = []
    entrants = [Entrant(name, Contender(log, name, 3.0, 1.0, 2.0)) for name in (OURS, FLOOR)]
    figures, missing, _ = rounds_of(*entrants, rounds=Rounds(3))
    assert log == [OURS, FLOOR, FLOOR, OURS, OURS, FLOOR]
    assert missing == {}
    assert [(f.rows, f.octets, f.wall) for f in figures.values()] == [(330, 999, 2.0)] * 2


def test_who_fails_or_is_not_there_is_said_and_the_others_figures_stand():
    log: list[str] = []
    entrants = [
        Entrant(OURS, Contender(log, OURS, 1.0, 1.0)),
        Entrant("pandas", Contender(log, "pandas", 5.0)),
        Entrant("pyspark", Contender(log, "pyspark"), "no Java"),
    ]
    figures, missing, said = rounds_of(*entrants, rounds=Rounds(2))
    assert list(figures) == [OURS]
    assert len(figures[OURS].runs) == 2
    assert missing == {"pyspark": "no Java", "pandas": "failed: it fell over"}
    assert any("pyspark IS NOT MEASURED: no Java" in line for line in said)
    assert any("line 2" in line for line in said)


def test_a_slow_contender_is_measured_once_and_then_let_be():
    log: list[str] = []
    entrants = [Entrant(name, Contender(log, name, 1.0, 1.0, 1.0)) for name in (OURS, "pyspark")]
    figures, _, _ = rounds_of(*entrants, rounds=Rounds(3, patience=-1))
    assert [len(one.runs) for one in figures.values()] == [1, 1]


def test_a_process_that_fails_says_why_and_one_without_end_is_ended(tmp_path: Path):
    log = tmp_path / "log"
    with pytest.raises(ContenderError, match="no such thing"):
        run_measured(["sh", "-c", "echo no such thing >&2; exit 3"], log=log)
    with pytest.raises(ContenderError, match="said nothing"):
        run_measured(["true"], log=log)
    with pytest.raises(ContenderError, match="too long"):
        run_measured(["sleep", "60"], log=log, limit=0.2)
    found = run_measured(["sh", "-c", "echo chatter; echo '{\"wall\": 1}'"], log=log)
    assert found["wall"] == 1


def test_the_options_reach_and_the_others_are_listed():
    options = parse(["--consumers", "2000", "1000", "--growth", "--steps", "score", "--only", "escore", "floor"])
    assert (options.consumers, options.growth, options.steps) == ([2000, 1000], [], ["score"])
    assert any("apply_points" in line for line in listing())
    assert not any("night_peers" in line for line in listing())
