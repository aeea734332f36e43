"""Every `--json`: one valid document on the standard output, nothing else there, and the fields that its page names."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from flows.cli import main
from flows.commands import orchestration
from flows.reference_pages import commands
from models.registry import promote_model, register_model
from stores.connections import sql_engine
from tests.extract_samples import client, cpf_of, insert
from tests.flows.conftest import environment_of
from tests.json_page import differs, documented
from tests.ledger_samples import enter_run
from tests.model_samples import make_trained, small_table

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
ELSEWHERE = {
    "up": "prints what `status` prints; starts servers",
    "import berka": "tests/flows/test_berka_run.py, where the data are there",
    "monitor": "tests/flows/test_monitor.py",
    "rollback": "tests/flows/test_night.py",
    "prefect setup": "a test of its own below, without a server",
    "erasures list": "a test of its own below",
    "erasures work": "the same",
}
Spoken = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def speak(monkeypatch, capsys, tmp_path) -> Spoken:
    """Run a command with --json within this process; return exit code, the parsed document and the error stream."""
    monkeypatch.chdir(tmp_path)

    def run(settings: Settings, *arguments: str) -> tuple[int, Any, str]:
        for name, value in environment_of(settings).items():
            if name.startswith("SCORE_"):
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["escore", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(said.out) if said.out else None, said.err

    return run


def test_every_json_is_on_its_page_and_tried():
    having = {
        name.removeprefix("escore ") for name, one in commands().items() if "as_json" in {p.name for p in one.params}
    }
    assert having == set(documented()) - {"Errors"}
    assert having == set(OF_A_NIGHT) | set(ELSEWHERE) | {"train", "run", "populate", *OF_A_FRESH_HOUSE}


OF_A_NIGHT = {
    "check": (),
    "status": (),
    "version": (),
    "migrate": (),
    "runs list": (),
    "runs show": ("RUN", "--verify"),
    "models list": (),
    "models show": ("vigente",),
    "models export": ("vigente", "--output", "modelo.json"),
    "replay": ("--execucao", "RUN", "--cliente", "CLIENT"),
    "audit status": (),
    "audit ship": ("--once",),
    "audit list": ("--cliente", "CLIENT"),
    "reviews list": ("--all",),
    "rotate-key": (),
    "token": ("--minutes", "5"),
}


@pytest.mark.parametrize("command", OF_A_NIGHT)
def test_a_published_night_told_to_a_machine(night, speak, command):
    [[known]] = night.query("select min(cliente_id) from score_vigente")
    real = {"RUN": night.run["execucao_id"], "CLIENT": known}
    code, printed, err = speak(
        night.settings, *command.split(), *(real.get(word, word) for word in OF_A_NIGHT[command])
    )
    assert code == 0, err
    assert differs(command, printed) == {}


def test_the_night_itself_told_to_a_machine(night):
    for command, printed in (("train", night.trained), ("run", night.run), ("populate", night.populated)):
        assert differs(command, printed) == {}


def test_keys_told_to_a_machine(night, speak):
    page = documented()["rotate-key"]
    for option in ("--generate", "--status"):
        code, printed, _ = speak(night.settings, "rotate-key", option)
        rows = printed if isinstance(printed, list) else [printed]
        assert code == 0
        assert rows
        assert all(set(row) <= {*page, *ALSO_OF_KEYS} for row in rows)


ALSO_OF_KEYS = {"chave_nova", "papel", "redis", "auditoria", "apagamento", "necessaria"}
OF_A_FRESH_HOUSE = ("down", "models promote", "models retire", "runs abandon", "reviews close", "erase", "readmit")


def test_what_changes_a_house_told_to_a_machine(installation, speak):
    lake = ArtifactStore(installation.lake_root)
    first, second = (
        register_model(lake, one, when=WHEN) for one in (make_trained(), make_trained(small_table(base=400)))
    )
    promote_model(lake, second, who="ana", why="o primeiro", when=WHEN)
    insert(installation, {"cliente": [client("c-1", cpf_of(52_998_224))]})
    half = enter_run(installation, "em_andamento", WHEN)
    review = ask_review(installation, "c-1")
    for command, words in (
        ("down", ()),
        ("models promote", (first, "--why", "melhor")),
        ("models retire", (second, "--why", "pior")),
        ("runs abandon", (half,)),
        ("reviews close", ("--id", review, "--outcome", "mantido")),
        ("erase", ("--cliente", "c-1")),
        ("readmit", ("--cliente", "c-1")),
    ):
        code, printed, err = speak(installation, *command.split(), *words)
        assert (command, code) == (command, 0), err
        assert differs(command, printed) == {}


def test_the_queue_of_erasures_told_to_a_machine(installation, speak):
    code, asked, _ = speak(installation, "erase", "--cliente", "ninguem", "--later")
    assert (code, differs("erasures list", asked)) == (0, {})
    code, worked, _ = speak(installation, "erasures", "work")
    assert (code, differs("erasures work", worked), worked["desconhecidos"]) == (0, {}, 1)
    code, listed, _ = speak(installation, "erasures", "list")
    assert (code, differs("erasures list", listed), listed[0]["id"]) == (0, {}, asked["id"])


def test_a_set_up_of_prefect_told_to_a_machine(installation, speak, monkeypatch):
    done = SimpleNamespace(
        blocks=("escore-cache-key",), variables=("SCORE_VAR",), automations={"escore: drift": "created"}
    )
    monkeypatch.setattr("flows.prefect_setup.set_up", lambda *_, **__: done)  # by name: Prefect is imported then
    monkeypatch.setattr(orchestration, "point_prefect_at_its_server", lambda _: installation)
    code, told, _ = speak(installation, "prefect", "setup")
    assert (code, differs("prefect setup", told)) == (0, {})


def ask_review(settings: Settings, client_id: str) -> str:
    """Enter a request for review as the API does; return its id."""
    asked = str(uuid4())
    engine = sql_engine(settings.secret("results_admin_url"), timeout=5)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into revisao (id, cliente_id, execucao_id, motivo) values (:id, :client, :id, 'divida_paga')"
            ),
            {"id": asked, "client": client_id},
        )
    engine.dispose()
    return asked


def test_a_command_that_fails_tells_it_to_a_machine(installation, speak):
    code, printed, err = speak(installation, "rollback")
    told = json.loads(err.splitlines()[-1])
    assert (code, printed) == (told["codigo"], None)
    assert set(told) == set(documented()["Errors"])


def test_a_page_that_says_something_else_would_be_found():
    assert differs("rollback", {"execucao": "x"}) == {"unknown": {"execucao"}, "missing": {"execucao_id"}}
