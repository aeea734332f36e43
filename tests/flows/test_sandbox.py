"""The sandbox's consumers show what their page says, by a whole start of it, and are the same on the next."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from stores.embedded import stores_status
from stores.embedded.processes import wait_until

ROOT = Path(__file__).parents[2]
LISTED = re.compile(r"^  ([0-9a-f-]{36})  (.+)$", re.MULTILINE)
BANDS = {"baixo", "regular", "bom", "muito_bom"}
_SECONDS = 3_000


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """Start a sandbox in a folder of its own; yield what it printed once it serves."""
    command = [sys.executable, "-m", "flows.cli", "demo", "--serve"]
    environment = os.environ | {"SCORE_VAR": str(folder), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    log = folder / "sandbox.txt"
    with log.open("w") as output:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + _SECONDS
        while "Ctrl-C ends it" not in log.read_text():
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(1)
        yield log.read_text()
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=120)


def client_of(printed: str) -> tuple[httpx.Client, str]:
    """Return a client as the printed line says, and the consumer it names."""
    [line] = re.findall(r"^export API=.+$", printed, re.MULTILINE)
    given = dict(word.split("=", 1) for word in shlex.split(line)[1:])
    headers = {"Authorization": f"Bearer {given['TOKEN']}"}
    return httpx.Client(base_url=given["API"], headers=headers), given["CLIENT"]


@pytest.mark.long
def test_the_sandboxs_consumers_show_what_its_page_says_and_are_the_same_each_time(tmp_path):
    listed: list[list[tuple[str, str]]] = []
    scores: list[list[Any]] = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with sandbox(tmp_path / name) as printed:
            listed.append(LISTED.findall(printed))
            client, best = client_of(printed)
            with client:
                scores.append([read_as_told(client, *line) for line in listed[-1]])
            assert best in {client_id for client_id, _ in listed[-1]}
    assert listed[0] == listed[1]
    assert scores[0] == scores[1]
    assert {score["faixa"] for score in scores[0] if score} == {*BANDS, None}
    assert len(listed[0]) == 7


@pytest.mark.long
def test_a_demonstration_that_is_ended_leaves_no_server(tmp_path):
    """SIGTERM in the middle, as `timeout` and service managers send it."""
    command = [sys.executable, "-m", "flows.cli", "demo", "--clients", "2000"]
    environment = os.environ | {"SCORE_VAR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    log = tmp_path / "demo.txt"
    with log.open("w") as output:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    assert wait_until(lambda: "2/6 populate" in log.read_text() or started.poll() is not None, seconds=_SECONDS)
    assert {server.state for server in stores_status(tmp_path / "demo")} == {"running"}
    started.send_signal(signal.SIGTERM)
    assert started.wait(timeout=120) == 130, log.read_text()
    assert {server.state for server in stores_status(tmp_path / "demo")} == {"stopped"}


def read_as_told(client: httpx.Client, client_id: str, told: str) -> Any:
    """Return a consumer's score after holding it, and what else is there, against what the sandbox printed."""
    answer = client.get(f"/clientes/{client_id}/score")
    assert client.get(f"/clientes/{client_id}").status_code == 200
    if told.startswith("in the register, refused"):
        assert answer.json()["type"] == "/problemas/sem-score"
        return None
    score = {name: value for name, value in answer.json().items() if name not in {"calculado_em", "valido_ate"}}
    if told.startswith("no score"):
        assert (score["status"], score["score"]) == ("DADOS_INSUFICIENTES", None)
    elif told.startswith("has asked"):
        [review] = client.get(f"/clientes/{client_id}/revisoes").json()["results"]
        assert review["situacao"] == "aberta"
    else:
        assert told == f"{score['score']} {score['faixa']}"
    return score
