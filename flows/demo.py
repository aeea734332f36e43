"""The demonstration: from nothing to three scores read over HTTP, in a folder and on servers of its own.

It always starts from a clean state: what an earlier demonstration left in its folder is erased first.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table

from contracts.errors import GateError, StoreUnavailableError
from contracts.settings import PREFIX, Settings, load_settings
from flows.demo_examples import Caller, find_examples, find_refused
from flows.demo_lock import sole_demonstration
from flows.populate import populate_stores
from flows.prefect_environment import configure_prefect
from flows.terminal import print_table, whole
from models.registered_model import REPORT_FILE
from population.parameters import PopulationParameters
from serve.access.callers import SCOPES
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from stores.embedded import erase_stores, start_stores, stop_stores
from stores.migrate import migrate

DEMO_FOLDER = "demo"
SEED = 1
DIRTY = 0.01
SCORES_SHOWN = 3
_START_SECONDS = 60
_PATIENCE_SECONDS = 60
"""Stores that were just started here and do not answer are busy, on a busy machine, and not away."""
PAGE_PORT = 8080


def run_demo(  # noqa: PLR0913 - what the command takes, each by its name
    settings: Settings, *, clients: int, as_of: date, keep: bool, serve: bool = False, console: Console
) -> None:
    """Run the whole job and show its results; the servers are stopped at the end unless ``keep``.

    With ``serve`` the API and its page stay up until Ctrl-C, on port 8080 if it is free. UsageError while another
    demonstration is at work in the same folder.
    """
    with sole_demonstration(settings.var):
        _run(settings.var / DEMO_FOLDER, clients=clients, as_of=as_of, keep=keep, serve=serve, console=console)


def _run(var: Path, *, clients: int, as_of: date, keep: bool, serve: bool, console: Console) -> None:  # noqa: PLR0913
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
        report = _train_and_run(console, as_of)
        _say(console, "5/6 serve")
        with _served(var, ports=(PAGE_PORT, 0) if serve else (0,)) as address:
            _say(console, f"6/6 read {SCORES_SHOWN} scores over HTTP from {address}")
            caller = Caller(address, _mint(timedelta(minutes=10)))
            examples = find_examples(caller)
            _show_scores(console, examples)
            _show_examples(console, examples, refused=find_refused(caller))
            _say(console, f"done in {time.monotonic() - started:.0f} s")
            if serve:
                _ask_review(console, caller, examples)
                _serve_until_stopped(console, address, examples)
        _show_next(console, var, report=report, keep=keep, served=serve)
    finally:
        if not keep:
            stop_stores(var, report=lambda _line: None)


def _use_only_embedded(var: Path) -> None:
    """Make this process and its children use the demonstration's own stores, whatever was set before."""
    for name in [name for name in os.environ if name.startswith(PREFIX) or name == "PREFECT_API_URL"]:
        del os.environ[name]
    os.environ["SCORE_VAR"] = str(var.resolve())
    os.environ["SCORE_STORE_TIMEOUT_SECONDS"] = str(_PATIENCE_SECONDS)


def _train_and_run(console: Console, as_of: date) -> Path:
    """Return the report of the run, for whoever works on the stores meanwhile makes reports too."""
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
    return Path(score_clients(as_of=as_of)["relatorio"])


@contextmanager
def _served(var: Path, *, ports: Sequence[int]) -> Iterator[str]:
    """Run ``escore serve`` as a process of its own on the first port that is free; yield its address."""
    port = _free_port(ports)
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


def _free_port(ports: Sequence[int]) -> int:
    """Return the first of the ports that can be had; 0 stands for whichever is free, and comes last."""
    for port in ports[:-1]:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports[-1]))
        return int(probe.getsockname()[1])


def _wait_until_alive(address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            urlopen(f"{address}/saude/vivo", timeout=5).close()  # noqa: S310 - loopback, made above
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise StoreUnavailableError(f"the server did not answer within {_START_SECONDS} s; see {log}")


def _mint(lifetime: timedelta, *, titular: str | None = None) -> str:
    """Return a token of a company, or of the consumer of this id for their own data alone."""
    speaks_for = None if titular is None else Titular(titular)
    grant = Grant("consulente-demo", tuple(sorted(SCOPES)), "demonstração", lifetime, speaks_for)
    return sign_by_secret(load_settings().secret("jwt_secret"), grant)


def _show_scores(console: Console, examples: list[dict[str, Any]]) -> None:
    columns = map(whole, ("CPF", "score", "faixa", "P(inadimplência)"))
    table = Table(*columns, "motivos", title="scores", title_justify="left")
    for score in [score for score in examples if score["status"] == "OK"][:SCORES_SHOWN]:
        reasons = "\n".join(f"{m['pontos']:+d} {m['texto']}" for m in score["motivos"])
        probability = f"{score['probabilidade_inadimplencia']:.2%}"
        table.add_row(score["cpf_mascarado"], str(score["score"]), score["faixa"], probability, reasons)
    print_table(console, table)


def _show_examples(console: Console, examples: list[dict[str, Any]], *, refused: str | None) -> None:
    console.print("consumers to look at, the same in every demonstration of this size and date:", highlight=False)
    for score in examples:
        told = (
            f"{score['score']} {score['faixa']}" if score["status"] == "OK" else "no score: nothing known that counts"
        )
        console.print(f"  {score['cliente_id']}  {told}", highlight=False)
    if refused is not None:
        console.print(f"  {refused}  in the register, refused by the run: 404 for a score", highlight=False)


def _ask_review(console: Console, caller: Caller, examples: list[dict[str, Any]]) -> None:
    """Contest the lowest score of the examples, so that there is a review to look at."""
    client_id = min((score["score"], score["cliente_id"]) for score in examples if score["status"] == "OK")[1]
    caller.post(f"/clientes/{client_id}/revisoes", {"motivo": "divida_paga"})
    console.print(f"  {client_id}  has asked for a review", highlight=False)


def _serve_until_stopped(console: Console, address: str, examples: list[dict[str, Any]]) -> None:
    """Say how to sign in at the page, and leave the server up until Ctrl-C or SIGTERM; the stores are stopped then."""
    day, somebody = timedelta(hours=24), examples[0]["cliente_id"]
    analyst = _mint(day)
    console.print(f"the page for consumers and analysts: {address}/app/", highlight=False)
    console.print("  sign in as an analyst, with this token, good for 24 hours:", highlight=False)
    console.print(analyst, highlight=False, soft_wrap=True)
    console.print(
        f"  then search for a name, say Silva, or open {address}/app/#/consumidor/{somebody}\n"
        "  or sign in as that consumer, who sees their own data alone:",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_mint(day, titular=somebody), highlight=False, soft_wrap=True)
    console.print(
        f"the API: {address}/docs, with the same tokens; for a program (docs/tutorials/first-score-by-api.md), paste "
        f"into another terminal:\nexport API={address} TOKEN={analyst} CLIENT={_good_one(examples)}\nCtrl-C ends it",
        highlight=False,
        soft_wrap=True,
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def _good_one(examples: list[dict[str, Any]]) -> str:
    """Return the id of the best score."""
    return str(max((score["score"] or 0, score["cliente_id"]) for score in examples)[1])


def _show_next(console: Console, var: Path, *, report: Path, keep: bool, served: bool) -> None:
    console.print(f"report (open it in a browser): {report.resolve()}", highlight=False, soft_wrap=True)
    if keep:
        settings = load_settings()
        ui = (settings.prefect_api_url or "").removesuffix("/api")
        console.print(f"Prefect's UI with both runs: {ui}", highlight=False)
        console.print(f"the stores are still up; to look around and to stop them:\n  export SCORE_VAR={var.resolve()}")
        console.print("  escore status; escore serve; escore down", highlight=False)
        console.print(
            "the page for consumers and analysts, while `escore serve` runs: http://127.0.0.1:8080/app/\n"
            "  sign in with what `escore token` prints",
            highlight=False,
        )
    elif served:
        console.print("the stores are stopped", highlight=False)
    else:
        console.print(
            "the stores are stopped; `make sandbox` does the same and leaves the page and the API up to look around",
            highlight=False,
        )


def _say(console: Console, text: str) -> None:
    console.print(f"[bold]{text}[/]", highlight=False)
