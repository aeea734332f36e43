"""Every text that a command takes, given texts that mean something to whoever forgets they are text.

The commands are those of the command line itself: a new one is tried without being named here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from flows.cli import app, main
from models.registry import promote_model, register_model
from serve.access.callers import is_subject
from serve.published.person_hash import PersonHash
from stores.connections import sql_engine
from tests.extract_samples import cpf_of, insert, person
from tests.flows.conftest import environment_of
from tests.hostile.injections import LOGS, MARKUP, TEXTS
from tests.hostile.test_api_injection import CONTROLS, contents, plant_canaries
from tests.model_samples import make_trained, small_table

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
NOT_HERE = {
    "serve": "answers until it is stopped",
    "up": "starts servers",
    "demo": "starts servers",
    "run": "a flow: its one text is a model's version, which `models show` reads alike",
    "monitor": "a flow",
    "train": "a flow",
    "populate": "takes no text but a date",
    "import berka": "takes a folder of the user's own",
}
SOME = (*TEXTS[::6], *MARKUP[-2:], LOGS[2])
"""One of each kind, what a terminal obeys, and what rich takes for markup."""

FILES = {"output", "private_key"}
"""Parameters that name a file of the user's own: writing it there is what they are for."""

EXAMPLES = {
    "execucao": "019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
    "cliente": "c-1",
    "why": "porque",
    "scope": "score:ler",
    "outcome": "mantido",
}


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        elif " ".join((*names, name)) not in NOT_HERE:
            yield (*names, name), command


def is_text(parameter: Any) -> bool:
    kind = str(parameter.type_descriptor.annotation)
    return parameter.name not in FILES and re.search(r"\bstr\b|UUID|\bdate\b", kind) is not None


ROOT = typer.main.get_command(app)
TAKE_TEXT = [
    pytest.param(names, command, parameter, id=f"{' '.join(names)} {parameter.name}")
    for names, command in commands(ROOT)
    for parameter in command.params
    if is_text(parameter)
]


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("comandos")
    plant_canaries(settings)
    insert(settings, {"pessoa": [person("c-1", cpf_of(52_998_224))]})
    lake = ArtifactStore(Path(settings.lake_root))
    versions = [
        register_model(lake, trained, when=WHEN) for trained in (make_trained(), make_trained(small_table(base=400)))
    ]
    promote_model(lake, versions[0], who="ana", why="o primeiro", when=WHEN)
    return settings


@pytest.fixture
def escore(settings, monkeypatch, capsys, tmp_path) -> Callable[..., tuple[int, str]]:
    """Run a command within this process; return its exit code and all that it printed."""
    for name, value in environment_of(settings).items():
        if name.startswith("SCORE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["escore", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def arguments_of(command: Any, chosen: Any, text: str, version: str) -> list[str]:
    """Return a command's arguments: the text for one parameter, an example for what else it must have."""
    options, plain = [], []
    for parameter in command.params:
        if parameter is not chosen and not parameter.required:
            continue
        example = version if parameter.name == "version" else EXAMPLES.get(str(parameter.name), "saida")
        value = text if parameter is chosen else example
        if parameter.param_type_name == "argument":
            plain.append(value)
        else:
            options.append(f"{parameter.opts[0]}={value}")
    return [*options, "--", *plain] if plain else options


@pytest.mark.parametrize(("names", "command", "parameter"), TAKE_TEXT)
def test_a_command_takes_a_text_as_a_text(settings, escore, names, command, parameter):
    before = contents(settings)
    version = ArtifactStore(Path(settings.lake_root)).list("models")[-1]
    for text in SOME:
        arguments = arguments_of(command, parameter, text, version)
        code, said = escore(*names, *arguments)
        assert 0 <= code <= 10, (names, arguments)
        assert "Traceback" not in said
        ours = [line for line in said.splitlines() if line.startswith("error: ")]
        assert not CONTROLS.search("".join(ours)), (arguments, said)
    assert contents(settings) == before
    assert not list(Path("/tmp").glob("zqx7*"))


def test_what_was_said_is_shown_again_as_a_text(settings, escore):
    """The history of a model and the audit keep words for good; showing them must not fail, ever after."""
    versions = [one for one in ArtifactStore(Path(settings.lake_root)).list("models") if one[0].isdigit()]
    for number, text in enumerate(TEXTS):
        code, _ = escore("models", "promote", f"--why={text}", f"--who={text}", versions[number % 2])
        assert code in (0, 2)
    for command in (["models", "list"], *(["models", "show", version] for version in versions)):
        code, said = escore(*command)
        assert code == 0
        assert not CONTROLS.search(said)
    hashes = PersonHash(settings.secret("cache_key").encode())
    keep_readings(settings, hashes.subject_by_client("c-1"))
    for options in ([], ["--json"]):
        code, said = escore("audit", "list", "--cliente=c-1", *options)
        assert code == 0
        assert not CONTROLS.search(said)


def keep_readings(settings: Settings, subject: str) -> None:
    """Enter readings of a person by every consulente whom a token can name."""
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    with engine.begin() as connection:
        for text in filter(is_subject, TEXTS):
            connection.execute(
                sa.text(
                    "insert into auditoria "
                    "(momento, consulente, sujeito, recurso, finalidade, resultado, requisicao_id) "
                    "values (now(), :text, :subject, '/clientes/{cliente_id}', 'teste', 200, 'r')"
                ),
                {"text": text, "subject": subject},
            )
    engine.dispose()
