"""One whole night, by the command line as a user types it: populated with 2% of dirt, trained, run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from contracts.settings import PREFIX, Settings
from flows.resources import open_results
from tests.file_watch import watched
from tests.store_queries import query
from tests.zygote import HUNG, ROOT, Run, Zygote

AS_OF = date(2025, 12, 31)
CLIENTS = 2_000
RANGE_SIZE = 250
LIMIT_SECONDS = 400
_WARM: dict[str, Zygote] = {}


def environment_of(settings: Settings, **changes: str) -> dict[str, str]:
    """Return this process's environment with the settings in it, as a scheduler would set them."""
    values = {name: getattr(settings, name) for name in Settings.model_fields if name in settings.model_fields_set}
    texts = {
        n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in values.items() if v is not None
    }
    return os.environ | {PREFIX + name.upper(): text for name, text in texts.items()} | changes


def escore(settings: Settings, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own; its output is kept, whatever its exit code.

    It is forked from one that has imported all that a run does, which is half of what a small run costs. It starts cold
    where nothing of Prefect is used, where more than settings is changed, and in `night`.
    """
    if settings.prefect_api_url is None or not all(name.startswith(PREFIX) for name in changes):
        return start_cold(settings, *arguments, **changes)
    ended = start_warm(settings, *arguments, **changes).wait(seconds=LIMIT_SECONDS)
    assert ended.code != HUNG, f"{arguments}: {ended.told}"
    return subprocess.CompletedProcess(["escore", *arguments], ended.code, ended.output, ended.errors)


def start_cold(settings: Settings, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=environment_of(settings, **changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def start_warm(settings: Settings, *arguments: str, **changes: str) -> Run:
    """Start a command in a fork of the warm process, which speaks to one Prefect server."""
    api = str(settings.prefect_api_url)
    if api not in _WARM:
        folder = Path(tempfile.mkdtemp(dir=settings.var.parent))
        _WARM[api] = Zygote({"SCORE_PREFECT_API_URL": api, "SCORE_VAR": str(folder)}, folder)
    return _WARM[api].start(arguments, environment=environment_of(settings, **changes))


@pytest.fixture(scope="session", autouse=True)
def warm_processes_end() -> Iterator[None]:
    """End the warm processes with the session."""
    yield
    while _WARM:
        _WARM.popitem()[1].close()


def succeed(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """Return a finished command after asserting that it did not fail."""
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done


def roll_back(settings: Settings) -> None:
    """Put the run before the one in force in force again, as `escore rollback` does, without a process of its own."""
    with open_results(settings) as results:
        results.publisher.rollback()


@dataclass(frozen=True)
class Night:
    """A finished night: its settings, results, what each command printed, and the truth about its population."""

    settings: Settings
    run: dict[str, Any]
    trained: dict[str, Any]
    populated: dict[str, Any]
    outputs: dict[str, str]
    kept_files: Path
    """Every file that there was, if only for a while, outside the lake and the truth: see ``tests/file_watch.py``."""

    def truth(self, name: str) -> pa.Table:
        """Return a truth file."""
        return pq.read_table(self.settings.var / "verdade" / f"{name}.parquet")

    def query(self, sql: str, **values: object) -> list[Any]:
        """Return the rows of a query on the results database."""
        return query(self.settings, sql, **values)


@pytest.fixture(scope="session")
def night(make_installation: Callable[[str], Settings], prefect_api: str) -> Night:
    """Populate, train and run once a session."""
    settings = make_installation("noite")
    settings = Settings(
        **{n: getattr(settings, n) for n in settings.model_fields_set}
        | {"prefect_api_url": prefect_api, "range_size": RANGE_SIZE}
    )
    common = ("--as-of", AS_OF.isoformat())
    temporary, kept = settings.var / "temporario", settings.var.with_name(f"{settings.var.name}-vistos")
    temporary.mkdir()
    with watched([settings.var], kept, leave_out=("lake", "verdade")):
        populated, trained, run = (
            succeed(start_cold(settings, *words, TMPDIR=str(temporary)))
            for words in (
                ("populate", *common, "--clients", str(CLIENTS), "--dirty", "0.02", "--events", "30", "--json"),
                ("train", *common, "--json"),
                ("run", *common, "--json"),
            )
        )
    outputs = {
        name: done.stdout + done.stderr for name, done in (("populate", populated), ("train", trained), ("run", run))
    }
    documents = [json.loads(done.stdout) for done in (run, trained, populated)]
    return Night(settings, *documents, outputs, kept)
