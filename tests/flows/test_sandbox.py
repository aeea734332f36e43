"""The sandbox's consumers are those of its page, by a whole start of it: the same on every start."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.demo import SEED
from population.blocks import block_streams
from population.consumers import draw_consumers
from population.cpf_numbers import CpfIssuer
from population.months import MonthGrid
from population.parameters import BLOCK_SIZE, PopulationParameters
from stores.embedded import stores_status
from stores.embedded.processes import wait_until
from tests.flows.conftest import AS_OF

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "sandbox.md"
CONSUMERS = 10_000
ON_THE_PAGE = re.compile(r"^\| `([0-9a-f-]{36})` \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|", re.MULTILINE)
"""Who, what the sandbox prints of them, the reasons, and how many debts, sources of income and assets the API shows."""
LISTED = re.compile(r"^  ([0-9a-f-]{36})  (.+)$", re.MULTILINE)
BANDS = {"baixo", "regular", "bom", "muito_bom"}
_SECONDS = 3_000


@contextmanager
def sandbox(folder: Path) -> Iterator[Callable[[], str]]:
    """Start a sandbox in a folder of its own; once it serves, yield how to read what it has printed by then."""
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
        yield log.read_text
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
@pytest.mark.timeout(2 * _SECONDS)
def test_the_sandboxs_consumers_show_what_its_page_says(tmp_path):
    """The page was written after another start, so that two starts are compared here."""
    with sandbox(tmp_path) as printed:
        told = LISTED.findall(printed())
        client, best = client_of(printed())
        with client:
            scores = [read_as_told(client, *line) for line in told]
            listed = [
                (client_id, text, reasons(score), holdings(client, client_id))
                for (client_id, text), score in zip(told, scores, strict=True)
            ]
        assert best in {client_id for client_id, _ in told}
        of_another = tmp_path / "demo" / "relatorios" / "of-another.html"
        of_another.write_text("made by whoever worked on the sandbox's stores")
    assert of_another.name not in printed()
    assert re.findall(r"^report .+: .+/execucao-[0-9a-f-]{36}\.html$", printed(), re.MULTILINE)
    assert {score["faixa"] for score in scores if score} == {*BANDS, None}
    assert listed == ON_THE_PAGE.findall(PAGE.read_text("utf-8"))


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


def reasons(score: Any) -> str:
    """Return a score's reasons as the page writes them."""
    told = score["motivos"] if score is not None else []
    return ", ".join(f"{one['codigo']} {one['pontos']:+d}" for one in told) or "none"


def holdings(client: httpx.Client, client_id: str) -> str:
    """Return how many debts, sources of income and assets the API shows of a consumer, as the page writes it."""
    debts = client.get(f"/clientes/{client_id}").raise_for_status().json()["dividas"]
    data = client.get(f"/clientes/{client_id}/score-data").raise_for_status().json()
    return ", ".join(str(len(part)) for part in (debts, data["fontes_de_renda"], data["bens"]))


def test_the_pages_consumers_are_of_the_sandboxs_population():
    """The cheap part of the whole: a generator that invents other people leaves a page about nobody.

    The consumer whom the run refuses is planted beside these, which only the whole can tell.
    """
    parameters = PopulationParameters(CONSUMERS, SEED, AS_OF)
    issuer, grid = CpfIssuer(SEED), MonthGrid(AS_OF, parameters.months)
    blocks = [
        draw_consumers(block_streams(SEED, number)["consumers"], number, issuer, grid)
        for number in range(CONSUMERS // BLOCK_SIZE)
    ]
    people = {client_id for block in blocks for client_id in block.ids.to_pylist()}
    named = {client_id: told for client_id, told, *_ in ON_THE_PAGE.findall(PAGE.read_text("utf-8"))}
    assert len(named) == len(BANDS) + 2
    [planted] = set(named) - people
    assert "refused" in named[planted]
