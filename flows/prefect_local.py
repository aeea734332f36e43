"""A night by schedule on this machine: a local Prefect server, a worker, all deployments, and one run that is due soon.

What is set stays in force; what is not, the embedded stores give. An empty embedded Base A gets a small generated
population, and a lake without a model a training, so that it works from nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from httpx import HTTPError
from rich.console import Console

from contracts.errors import GateError, ModelNotFoundError, SettingsError
from contracts.settings import PREFIX, RUN_SETTINGS, Settings, load_settings, read_embedded_state
from flows.databases import open_engine
from flows.populate import populate_stores
from flows.prefect_environment import configure_prefect
from flows.reference_date import yesterday
from flows.resources import open_lake
from models.registry import usable_model
from population.parameters import PopulationParameters
from stores.embedded import start_stores
from stores.migrate import migrate

if TYPE_CHECKING:
    from flows.one_off_schedule import ScheduledRun

POOL = "escore"
CLIENTS = 2_000
SEED = 1
ENDS_WITHIN_SECONDS = 60
_WORKER = {
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_WORKER_QUERY_SECONDS": "3",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
}


@contextmanager
def run_locally(
    settings: Settings, *, root: Path, as_of: date | None, notice_url: str | None, console: Console
) -> Iterator[ScheduledRun]:
    """Do all of it; yield the run that ended, and stop the worker, and what it runs, when the caller comes back."""
    settings = _ready_stores(settings, console)
    from flows.one_off_schedule import NIGHT, run_by_schedule  # noqa: PLC0415 - Prefect reads its settings then
    from flows.prefect_setup import set_up  # noqa: PLC0415

    console.print("work pool, blocks, deployments, automations ...", highlight=False)
    set_up(settings, root=root, notice_url=notice_url)
    with _worker(settings) as log:
        console.print(f"a worker takes runs, and writes to {log}", highlight=False, soft_wrap=True)
        line = f"{NIGHT} is given a schedule, due in seconds: watch it at {ui_address(settings)}/runs"
        console.print(line, highlight=False, soft_wrap=True)
        yield run_by_schedule(as_of)


def ui_address(settings: Settings) -> str:
    """Return where the server's pages are."""
    return (settings.prefect_api_url or "").removesuffix("/api")


def _ready_stores(settings: Settings, console: Console) -> Settings:
    """Return settings that lack nothing: stores and a local Prefect server up, consumers in, a model in force."""
    if settings.prefect_api_url is None or any(getattr(settings, name) is None for name in RUN_SETTINGS):
        start_stores(settings.var, with_prefect=True, report=lambda line: console.print(f"  {line}", highlight=False))
        settings = load_settings()
        migrate(settings, report=lambda _line: None)
    if "//127.0.0.1:" not in (settings.prefect_api_url or "") and "//localhost:" not in (
        settings.prefect_api_url or ""
    ):
        raise SettingsError(["PREFECT_API_URL: not a server of this machine; `escore prefect setup` is for any other"])
    configure_prefect(settings)
    if _is_embedded(settings) and _is_empty(settings):
        console.print(f"populate {CLIENTS:,} consumers ...", highlight=False)
        populate_stores(settings, PopulationParameters(CLIENTS, SEED, yesterday()), replace=False)
    try:
        usable_model(open_lake(settings), None)
    except ModelNotFoundError:
        _train(console)
    return settings


def _is_embedded(settings: Settings) -> bool:
    state = read_embedded_state(settings.var)
    return state is not None and state["settings"].get("base_a_url") == settings.secret("base_a_url")


def _is_empty(settings: Settings) -> bool:
    with open_engine(settings, "base_a_url") as engine, engine.connect() as connection:
        return connection.execute(sa.text("select 1 from cliente limit 1")).first() is None


def _train(console: Console) -> None:
    from flows.train import train_model  # noqa: PLC0415 - Prefect reads its settings when it is imported

    console.print("train a model ...", highlight=False)
    trained = train_model(as_of=yesterday())
    if not trained["vigente"]:
        raise GateError("the first model did not pass its gate: " + " ".join(trained["motivos_da_recusa"]))


@contextmanager
def _worker(settings: Settings) -> Iterator[Path]:
    """Run a worker as a process of its own; yield the file below ``SCORE_VAR`` that its output goes to.

    It knows none of our settings: its runs get them from the work pool and from the blocks that it refers to. With it
    end the runs that it is at work on, and Prefect is told so.
    """
    began = datetime.now(UTC)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "escore-local"]
    log = settings.var / "prefect-worker.log"
    with log.open("w") as output:
        environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)} | _WORKER
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed words
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield log
    finally:
        worker.terminate()
        try:
            worker.wait(timeout=ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
        _cancel_left_runs(began)


def _cancel_left_runs(began: datetime) -> None:
    """Tell Prefect of the runs that ended with the worker; a server that is gone by now needs not be told."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - Prefect reads its settings then

    from flows.left_runs import cancel_left_runs  # noqa: PLC0415

    with suppress(HTTPError), get_client(sync_client=True) as client:
        cancel_left_runs(client, since=began)
