"""A run that is killed leaves readers with the run before, and goes on from its finished ranges."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.flows.conftest import AS_OF, CLIENTS, RANGE_SIZE, escore, roll_back, start_warm, succeed


def scored_ranges(lake: Path) -> set[Path]:
    return {p.parent for p in lake.glob("scores/*/faixa-*/manifesto.json")}


def kill_between_ranges(night) -> set[Path]:
    """Start a run and kill it when two ranges are done; return the folders of its finished ranges."""
    lake = Path(night.settings.lake_root)
    known = scored_ranges(lake)
    run = start_warm(night.settings, "run", "--as-of", str(AS_OF))
    deadline = time.monotonic() + 120
    while len(scored_ranges(lake) - known) < 2 and run.state != "Z" and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    finished = scored_ranges(lake) - known
    assert 2 <= len(finished) < CLIENTS / RANGE_SIZE, "the run must be killed between its first and last range"
    return finished


def run_again(night, *options: str) -> dict[str, Any]:
    return json.loads(succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json", *options)).stdout)


def in_state(night, state: str) -> list[str]:
    return [row[0] for row in night.query("select id::text from execucao where situacao = :state", state=state)]


def damage(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


def test_a_killed_run_resumes_and_publishes_the_same(night):
    [in_force] = in_state(night, "publicada")
    finished = kill_between_ranges(night)
    stamps = {path: (path / "manifesto.json").stat().st_mtime_ns for path in finished}
    assert in_state(night, "publicada") == [in_force]
    [killed] = in_state(night, "em_andamento")
    damaged = sorted(finished)[0]
    damage(damaged / "pontuacao.parquet")

    again = run_again(night)
    assert again["execucao_id"] == killed
    assert again["impressao"] == night.run["impressao"]
    for path, stamp in stamps.items():
        redone = (path / "manifesto.json").stat().st_mtime_ns != stamp
        assert redone == (path == damaged), "finished ranges are kept, the damaged one is done again"
    roll_back(night.settings)


def test_a_damaged_plan_is_made_again(night):
    kill_between_ranges(night)
    [killed] = in_state(night, "em_andamento")
    damage(Path(night.settings.lake_root) / "snapshots" / killed / "plano" / "plano.json")
    again = run_again(night)
    assert again["execucao_id"] == killed
    assert again["impressao"] == night.run["impressao"]
    roll_back(night.settings)


def test_fresh_leaves_the_half_finished_run_behind(night):
    """And what it left in the lake goes when the new one is published."""
    kill_between_ranges(night)
    [killed] = in_state(night, "em_andamento")
    again = run_again(night, "--fresh")
    assert again["execucao_id"] != killed
    assert again["impressao"] == night.run["impressao"]
    assert in_state(night, "em_andamento") == []
    lake = Path(night.settings.lake_root)
    assert not (lake / "snapshots" / killed).exists()
    assert not (lake / "scores" / killed).exists()
    assert (lake / "scores" / again["execucao_id"]).exists()
    roll_back(night.settings)
