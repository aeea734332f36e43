"""`escore` without a command: where an installation is on its way to published scores, and what comes next."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer

from contracts.artifacts import ArtifactStore
from contracts.settings import RUN_SETTINGS, Settings
from flows.cli import app
from flows.commands.guide import next_steps, show_guide
from flows.commands.panels import PANELS
from flows.commands.whereabouts import Stage, look_around
from models.registry import promote_model, register_model
from tests.extract_samples import client, cpf_of, insert
from tests.flows.conftest import environment_of
from tests.ledger_samples import changed, enter_run
from tests.model_samples import make_trained

ROOT = Path(__file__).parents[2]
WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
HEAVY = ("sqlalchemy", "pymongo", "redis", "pyarrow", "pandas", "prefect", "numpy", "psycopg2", "sklearn")
MEASURED = (
    "import sys; from flows.cli import main\n"
    "try: main()\n"
    f"finally: sys.stderr.write(' '.join(n for n in {HEAVY!r} if n in sys.modules))"
)


@pytest.fixture(scope="module")
def house(make_installation) -> Settings:
    """Migrated stores, empty until the last test of this module fills them."""
    return make_installation("guia")


@pytest.fixture
def guide(monkeypatch, capsys, tmp_path) -> Callable[[Settings], str]:
    """Return what `escore` prints for an installation."""

    def shown(settings: Settings) -> str:
        for name, value in environment_of(settings).items():
            if name.startswith("SCORE_"):
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.chdir(tmp_path)
        show_guide(typer.main.get_command(app))
        return capsys.readouterr().out

    return shown


def test_with_nothing_set_up_it_answers_at_once_and_reads_no_library(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_VAR": str(tmp_path / "var")}
    command, began = [sys.executable, "-c", MEASURED], os.times()
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    ended = os.times()
    assert (done.returncode, done.stderr) == (0, "")
    assert "no store is set up yet" in done.stdout
    assert "make demo" in done.stdout
    assert "escore up" in done.stdout
    assert all(panel in done.stdout for panel in PANELS)
    assert not (tmp_path / "var").exists()
    spent = ended.children_user + ended.children_system - began.children_user - began.children_system
    assert spent < 1.0, "seconds of CPU"


def test_stores_that_were_stopped_are_started_again(guide, tmp_path):
    (tmp_path / "embutidos.json").write_text('{"settings": {}, "servers": {"postgresql": {}}}')
    said = guide(Settings(var=tmp_path))
    assert "are stopped" in said
    assert "escore up" in said


def test_settings_that_are_not_all_there_are_named(guide, house):
    said = guide(changed(house, redis_url=None))
    assert "SCORE_REDIS_URL is not set" in said
    assert "escore check" in said


def test_wrong_settings_are_an_error_that_still_shows_the_commands(tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_WORKERS": "many"}
    command = [sys.executable, "-m", "flows.cli"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "SCORE_WORKERS" in done.stderr
    assert PANELS[0] in done.stdout


@pytest.mark.parametrize("name", RUN_SETTINGS[:-1])
def test_a_store_that_is_down_is_named_and_stops_nothing(guide, house, name):
    url = getattr(house, name).get_secret_value()
    nowhere = sa.make_url(url).set(host="127.0.0.1", port=1).render_as_string(hide_password=False)
    began = time.monotonic()
    said = guide(changed(house, **{name: nowhere}))
    assert time.monotonic() - began < 15
    assert "127.0.0.1:1" in said
    assert "escore check" in said
    assert sa.make_url(url).password is None or sa.make_url(url).password not in said


def test_stores_without_tables_are_migrated(embedded, tmp_path):
    found = look_around(changed(embedded, var=tmp_path))
    assert found.stage is Stage.UNPREPARED
    assert next_steps(found)[0][0] == "escore migrate"


def test_the_way_from_empty_stores_to_published_scores(guide, house):
    """One installation, a step at a time; after each the guide names the next."""
    said = guide(house)
    assert "the stores are up and empty" in said
    assert "escore populate --clients 2000 --as-of 2025-12-31" in said

    insert(house, {"cliente": [client("c-1", cpf_of(52_998_224))]})
    assert "escore train --as-of" in guide(house)

    lake = ArtifactStore(house.lake_root)
    version = register_model(lake, make_trained(), when=WHEN)
    promote_model(lake, version, who="ana", why="o primeiro", when=WHEN)
    said = guide(house)
    assert f"escore run --as-of {version[:10]}" in said
    assert f"model in force: {version}" in said

    run_id = enter_run(house, "publicada", datetime(2025, 7, 2, tzinfo=UTC))
    report = house.var / "relatorios" / "execucao.html"
    report.parent.mkdir(parents=True)
    report.touch()
    said = guide(house)
    assert "scores are published" in said
    assert f"run in force: {run_id}, as of 2025-06-30, 1,234 scores" in said
    assert str(report) in said
    served = look_around(house).is_served  # by another of this machine, at the usual port
    assert ("escore serve" in said, "the API answers" in said) == (not served, served)
    assert "escore runs list" in said
    assert "52998224" not in said

    enter_run(house, "em_andamento", datetime(2025, 7, 3, tzinfo=UTC))
    assert "`escore run --as-of 2025-06-30` goes on with it" in guide(house)
