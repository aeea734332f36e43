"""A run that is killed leaves readers with the run before, and goes on from its finished ranges."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.flows.conftest import AS_OF, CLIENTS, RANGE_SIZE, environment_of, escore, succeed


def scored_ranges(lake: Path) -> set[Path]:
    return {p.parent for p in lake.glob("scores/*/faixa-*/manifesto.json")}


def test_a_killed_run_resumes_and_publishes_the_same(night):
    lake = Path(night.settings.lake_root)
    [(in_force, fingerprint)] = night.query("select id::text, impressao from execucao where situacao = 'publicada'")
    known = scored_ranges(lake)
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run", "--as-of", str(AS_OF)],
        env=environment_of(night.settings),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(scored_ranges(lake) - known) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = scored_ranges(lake) - known
    stamps = {path: (path / "manifesto.json").stat().st_mtime_ns for path in finished}
    assert 2 <= len(finished) < CLIENTS / RANGE_SIZE, "the run must be killed between its first and last range"
    assert night.query("select id::text from execucao where situacao = 'publicada'") == [(in_force,)]
    [(killed,)] = night.query("select id::text from execucao where situacao = 'em_andamento'")

    damaged = sorted(finished)[0]
    scores = damaged / "pontuacao.parquet"
    data = bytearray(scores.read_bytes())
    data[len(data) // 2] ^= 0xFF
    scores.write_bytes(data)

    again = json.loads(succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json")).stdout)
    assert again["execucao_id"] == killed
    assert again["impressao"] == fingerprint
    for path, stamp in stamps.items():
        redone = (path / "manifesto.json").stat().st_mtime_ns != stamp
        assert redone == (path == damaged), "finished ranges are kept, the damaged one is done again"
    succeed(escore(night.settings, "rollback"))
