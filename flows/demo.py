"""The demonstration: from nothing to three scores read over HTTP, in a folder and on servers of its own.

It always starts from a clean state: what an earlier demonstration left in its folder is erased first.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.table import Table

from contracts.errors import GateError, StoreUnavailableError
from contracts.settings import PREFIX, Settings, load_settings
from flows.populate import populate_stores
from flows.prefect_environment import configure_prefect
from models.registered_model import REPORT_FILE
from population.parameters import PopulationParameters
from serve.access.tokens import SCOPES, mint_token
from stores.embedded import erase_stores, start_stores, stop_stores
from stores.migrate import migrate

DEMO_FOLDER = "demo"
SEED = 1
DIRTY = 0.01
SCORES_SHOWN = 3
_START_SECONDS = 60
_PAGE = 60


def run_demo(settings: Settings, *, clients: int, as_of: date, keep: bool, console: Console) -> None:
    """Run the whole job and show its results; the servers are stopped at the end unless ``keep``."""
    var = settings.var / DEMO_FOLDER
    started = time.monotonic()
    erase_stores(var)
    shutil.rmtree(var, ignore_errors=True)
    _use_only_embedded(var)
    try:
        _say(console, "1/6 start PostgreSQL, Valkey, the MongoDB-protocol store and Prefect")
        start_stores(var, with_prefect=True, report=lambda line: console.print(f"  {line}", highlight=False))
        migrate(load_settings(), report=lambda _line: None)
        _say(console, f"2/6 populate {clients:,} consumers, {DIRTY:.0%} of records with a planted defect")
        parameters = PopulationParameters(clients, SEED, as_of, dirty=DIRTY)
        counts = populate_stores(load_settings(), parameters, replace=False).records
        console.print("  " + ", ".join(f"{name} {number:,}" for name, number in counts.items()), highlight=False)
        _train_and_run(console, as_of)
        _say(console, "5/6 serve")
        with _served(var) as address:
            _say(console, f"6/6 read {SCORES_SHOWN} scores over HTTP from {address}")
            _show_scores(console, address)
        _say(console, f"done in {time.monotonic() - started:.0f} s")
        _show_next(console, var, keep=keep)
    finally:
        if not keep:
            stop_stores(var, report=lambda _line: None)


def _use_only_embedded(var: Path) -> None:
    """Make this process and its children use the demonstration's own stores, whatever was set before."""
    for name in [name for name in os.environ if name.startswith(PREFIX) or name == "PREFECT_API_URL"]:
        del os.environ[name]
    os.environ["SCORE_VAR"] = str(var.resolve())


def _train_and_run(console: Console, as_of: date) -> None:
    settings = load_settings()
    configure_prefect(settings)
    from flows.score import score_clients  # noqa: PLC0415  (Prefect reads its settings when it is imported)
    from flows.train import train_model  # noqa: PLC0415

    _say(console, "3/6 train: features of past dates, labels by what became known, a later date to validate")
    trained = train_model(as_of=as_of)
    console.print(
        f"  model {trained['versao']}: AUC out of time {trained['auc_fora_do_tempo']:.3f}, "
        f"bad rate {trained['taxa_observada']:.1%}",
        highlight=False,
    )
    if not trained["vigente"]:
        raise GateError("the first model did not pass its gate: " + " ".join(trained["motivos_da_recusa"]))
    page = Path(settings.lake_root) / "models" / trained["versao"] / REPORT_FILE
    console.print(f"  report on the model: {page.resolve()}", highlight=False, soft_wrap=True)
    _say(console, f"4/6 run as of {as_of}: extract, features, score, gate, publish")
    score_clients(as_of=as_of)


@contextmanager
def _served(var: Path) -> Iterator[str]:
    """Run ``escore serve`` as a process of its own on a free port; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = var / "serve.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "flows.cli", "serve", "--port", str(port)]
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own words
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_alive(address, log)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_alive(address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            _get(f"{address}/saude/vivo", token=None)
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise StoreUnavailableError(f"the server did not answer within {_START_SECONDS} s; see {log}")


def _show_scores(console: Console, address: str) -> None:
    secret, lifetime = load_settings().secret("jwt_secret"), timedelta(minutes=10)
    token = mint_token(
        secret, subject="consulente-demo", scopes=sorted(SCOPES), finalidade="demonstracao", lifetime=lifetime
    )
    table = Table("CPF", "score", "faixa", "P(inadimplência)", "motivos", title="scores", title_justify="left")
    for score in _varied_scores(address, token):
        reasons = "\n".join(f"{m['pontos']:+d} {m['texto']}" for m in score["motivos"])
        probability = f"{score['probabilidade_inadimplencia']:.2%}"
        table.add_row(score["cpf_mascarado"], str(score["score"]), score["faixa"], probability, reasons)
    console.print(table)


def _varied_scores(address: str, token: str) -> list[dict[str, Any]]:
    """Return scores of consumers on the first page, one a band as far as they go."""
    page = _get(f"{address}/clientes?page_size={_PAGE}", token=token)
    found: dict[str, dict[str, Any]] = {}
    for client in page["results"]:
        try:
            score = _get(f"{address}/clientes/{client['id']}/score", token=token)
        except URLError:  # a consumer that was rejected has no score
            continue
        if score["status"] == "OK":
            found.setdefault(score["faixa"], score)
        if len(found) == SCORES_SHOWN:
            break
    return list(found.values())


def _get(url: str, *, token: str | None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(url, headers=headers), timeout=30) as answer:  # noqa: S310 - loopback, made above
        body: dict[str, Any] = json.load(answer)
    return body


def _show_next(console: Console, var: Path, *, keep: bool) -> None:
    reports = sorted((var / "relatorios").glob("*.html"), key=lambda path: path.stat().st_mtime)
    console.print(f"report (open it in a browser): {reports[-1].resolve()}", highlight=False, soft_wrap=True)
    if keep:
        settings = load_settings()
        ui = (settings.prefect_api_url or "").removesuffix("/api")
        console.print(f"Prefect's UI with both runs: {ui}", highlight=False)
        console.print(f"the stores are still up; to look around and to stop them:\n  export SCORE_VAR={var.resolve()}")
        console.print("  escore status; escore serve; escore down", highlight=False)
    else:
        console.print("the stores are stopped; `escore demo --keep` leaves them up to look around", highlight=False)


def _say(console: Console, text: str) -> None:
    console.print(f"[bold]{text}[/]", highlight=False)
