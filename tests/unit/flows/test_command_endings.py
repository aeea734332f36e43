"""How a command ends: one clear line, a fixed code, JSON if it was asked for, and no word where nobody reads."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli import main
from flows.commands import endings
from flows.commands.output import print_json
from stores.embedded.processes import wait_until
from stores.embedded.state import exclusive_state, servers_folder

ROOT = Path(__file__).parents[3]
COLOUR = re.compile(r"\x1b\[[0-9;]*3\d")
Ended = tuple[int, str, str]
FROM_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from flows.cli import main
main()
"""
"""Listens to Ctrl-C also where the tests were started in the background of a shell, which has it ignored."""


@pytest.fixture
def escore(monkeypatch, capsys, tmp_path) -> Callable[..., Ended]:
    """Run a command within this process, which goes on with its rights; return its exit code and both its streams."""
    for step in ("keep_files_private", "keep_memory_private", "withhold_lost_exceptions"):
        monkeypatch.setattr(endings, step, lambda: None)
    monkeypatch.setenv("SCORE_VAR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["escore", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def environment(folder: Path, **changes: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_VAR": str(folder), **changes}


def process(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "flows.cli", *arguments]
    return subprocess.run(
        command, env=environment(folder, **changes), cwd=folder, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ("statsu", "'status'"),
        ("models shwo vigente", "'show'"),
        ("run --as-off 2025-12-31", "--as-of"),
        ("populate --clientes 10", "--clients"),
    ],
)
def test_what_was_meant_is_named(escore, arguments, meant):
    code, out, err = escore(*arguments.split())
    assert (code, out) == (2, "")
    first, hint = err.splitlines()
    assert first.startswith("error: No such ")
    assert f"Did you mean {meant}" in first
    assert "--help shows options and examples" in hint


def test_a_value_that_is_none_of_those_there_are_is_told_with_them(escore):
    code, _, err = escore("models", "export", "vigente", "--format", "pdf", "--output", "x")
    assert code == 2
    assert err.startswith("error: Invalid value for '--format': 'pdf' is not one of 'sql-postgresql', ")


def test_an_option_that_is_missing_is_named_with_where_to_look(escore):
    code, _, err = escore("train")
    assert code == 2
    assert err.splitlines() == ["error: Missing option '--as-of'.", "escore train --help shows options and examples"]


def test_a_group_without_a_command_shows_its_help(escore):
    code, out, err = escore("models")
    assert (code, err) == (2, "")
    assert "promote" in out


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        ("run --as-of yesterday --json", "UsageError", 2),
        ("runs list --json", "SettingsError", 2),
        ("models show 2020-01-01-00000000 --json", "ModelNotFoundError", 8),
    ],
)
def test_an_error_is_an_object_where_json_was_asked_for(escore, arguments, kind, code):
    ended, out, err = escore(*arguments.split())
    assert (ended, out) == (code, "")
    told = json.loads(err.splitlines()[-1])
    assert (told["erro"], told["codigo"]) == (kind, code)
    assert all(told["mensagens"])
    assert set(told) == {"erro", "codigo", "mensagens"}


def test_check_ends_with_the_code_of_what_keeps_the_stores_from_being_asked(escore, monkeypatch):
    code, out, err = escore("check", "--json")
    problems = json.loads(out)
    assert {problem["store"] for problem in problems} == {"base_a", "base_b", "base_c", "results", "redis"}
    assert all("is not set" in problem["message"] for problem in problems)
    assert any("SCORE_CACHE_KEY" in problem["message"] for problem in problems), "runs need it"
    told = json.loads(err)
    assert (code, told["erro"], told["codigo"]) == (2, "SettingsError", 2)
    nowhere = "postgresql+psycopg2://a:b@127.0.0.1:1/x"
    for name in ("BASE_A", "BASE_B", "RESULTS"):
        monkeypatch.setenv(f"SCORE_{name}_URL", nowhere)
    monkeypatch.setenv("SCORE_BASE_C_URL", "mongodb://127.0.0.1:1/x")
    monkeypatch.setenv("SCORE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("SCORE_CACHE_KEY", "k" * 40)
    monkeypatch.setenv("SCORE_STORE_TIMEOUT_SECONDS", "1")
    code, _, err = escore("check")
    assert code == 3, err


def test_prefects_server_is_asked_for_by_the_name_that_prefect_knows(escore, monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    code, _, err = escore("prefect", "setup")
    assert (code, err.split()[1]) == (2, "PREFECT_API_URL")


def test_a_list_without_models_says_how_to_make_one(escore):
    assert escore("models", "list")[:2] == (0, "no model yet: `escore train --as-of DATE` makes one\n")


def test_the_version_is_told(escore):
    code, out, _ = escore("--version")
    assert code == 0
    assert re.match(r"escore \d+\.\d+\.\d+ ", out)
    assert json.loads(escore("version", "--json")[1])["escore"] in out


@pytest.mark.parametrize("arguments", [("version", "--json"), ("--help",)])
def test_a_reader_that_went_away_is_no_fault(tmp_path, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "flows.cli", *arguments]
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            command, env=environment(tmp_path), stdout=nobody, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_ctrl_c_is_one_line_and_130(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg2://a:b@127.0.0.1:{silent.getsockname()[1]}/x"
        given = environment(
            tmp_path,
            SCORE_RESULTS_URL=url,
            SCORE_REDIS_URL="redis://127.0.0.1:1/0",
            SCORE_CACHE_KEY="k" * 40,
            SCORE_STORE_TIMEOUT_SECONDS="50",
        )
        command = [sys.executable, "-c", FROM_A_TERMINAL, "runs", "list"]
        waiting = subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        silent.settimeout(60)
        silent.accept()
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, out, err) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize(("command", "folder", "sign"), [("up", "", signal.SIGHUP), ("demo", "demo", signal.SIGTERM)])
def test_what_starts_servers_ends_as_by_ctrl_c(tmp_path, command, folder, sign):
    """It waits, at the latest before the first server is started, for the state of them that another works on."""
    var = tmp_path / folder
    servers_folder(var).mkdir(parents=True)
    with exclusive_state(var):
        called = [sys.executable, "-m", "flows.cli", command]
        waiting = subprocess.Popen(called, env=environment(tmp_path), stderr=subprocess.PIPE, text=True)
        assert wait_until(lambda: waits_for_a_lock(waiting.pid), seconds=30)
        waiting.send_signal(sign)
        _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert err.splitlines()[-1] == "error: interrupted"


def waits_for_a_lock(pid: int) -> bool:
    return any(line.split()[1] == "->" and line.split()[5] == str(pid) for line in Path("/proc/locks").open())


def test_a_terminal_without_the_letters_gets_what_it_can_show(tmp_path):
    done = process(tmp_path, "run", "--help", PYTHONIOENCODING="ascii", LC_ALL="C", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"S?o Paulo" in done.stdout


def test_json_survives_any_encoding(monkeypatch):
    for encoding in ("ascii", "latin-1", "utf-8"):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding, errors="replace"))
        print_json({"faixa": "ação → €"})
        sys.stdout.flush()
        assert json.loads(written.getvalue().decode(encoding)) == {"faixa": "ação → €"}


@pytest.mark.parametrize(("changes", "has_colour"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_can_be_left_out(tmp_path, changes, has_colour):
    done = process(tmp_path, FORCE_COLOR="1", **changes)
    assert bool(COLOUR.search(done.stdout.decode())) == has_colour


def test_down_where_nothing_runs_says_so(escore, tmp_path):
    code, out, _ = escore("down")
    assert code == 0
    assert "nothing ran" in out
    assert not list(tmp_path.iterdir())
