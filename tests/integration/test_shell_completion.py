"""Completion in a real bash, and by the protocol of zsh and fish: words, options, and values of a real installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.artifacts import ArtifactStore
from contracts.settings import Settings
from models.registry import register_model
from tests.flows.conftest import environment_of
from tests.ledger_samples import changed, enter_run
from tests.model_samples import make_trained

ROOT = Path(__file__).parents[2]
WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
ASK = r"""
source "$HOME/.bashrc"
complete -p escore >/dev/null || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
$(complete -p escore | sed -E 's/.*-F ([^ ]+) .*/\1/') escore
printf '%s\n' "${COMPREPLY[@]}"
"""
"""What bash does at a press of the key: it fills COMP_WORDS, calls the function, reads COMPREPLY."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with `escore` on its path and completion installed by the command itself."""
    home = tmp_path_factory.mktemp("casa")
    program = home / "bin" / "escore"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom flows.cli import main\nmain()\n")
    program.chmod(0o755)
    called = ["bash", "--norc", "-c", "escore --install-completion; exit $?"]
    done = subprocess.run(called, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (home / ".bash_completions" / "escore.sh").is_file()
    return home


def environment(home: Path, settings: Settings | None = None) -> dict[str, str]:
    given = {} if settings is None else environment_of(settings)
    own = {name: value for name, value in given.items() if name.startswith("SCORE_")}
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT), "SCORE_VAR": str(home / "var"), **own}


@pytest.fixture(scope="module")
def house(make_installation) -> Settings:
    return make_installation("completar")


@pytest.fixture
def press_tab(home, tmp_path) -> Callable[..., list[str]]:
    """Return what bash proposes for a line's last word; completion that prints an error fails."""

    def proposed(*words: str, settings: Settings | None = None) -> list[str]:
        done = subprocess.run(
            ["bash", "--norc", "-c", ASK, "bash", "escore", *words],
            env=environment(home, settings),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.split()

    return proposed


def test_bash_completes_commands_and_options(press_tab):
    assert press_tab("ro") == ["rollback", "rotate-key"]
    assert press_tab("run", "--inc") == ["--incremental"]


def test_bash_completes_models_and_runs_of_the_installation(press_tab, house):
    version = register_model(ArtifactStore(house.lake_root), make_trained(), when=WHEN)
    run_id = enter_run(house, "publicada", WHEN)
    assert press_tab("models", "show", "", settings=house) == ["vigente", version]
    assert press_tab("replay", "--execucao", run_id[:4], settings=house) == [run_id]
    assert "2025-06-30" in press_tab("run", "--as-of", "2025", settings=house)


def test_a_store_that_is_down_proposes_nothing_and_says_nothing(press_tab, house):
    nowhere = "postgresql+psycopg2://someone:secret@127.0.0.1:1/x"
    assert press_tab("runs", "show", "", settings=changed(house, results_url=nowhere)) == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_and_proposals(home, tmp_path, shell):
    def told(**asked: str) -> str:
        given = environment(home) | asked
        done = subprocess.run(["escore"], env=given, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    assert f"_ESCORE_COMPLETE=complete_{shell}" in told(_ESCORE_COMPLETE=f"source_{shell}")
    line = {"_TYPER_COMPLETE_ARGS": "escore migrate --store ba", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    proposed = told(_ESCORE_COMPLETE=f"complete_{shell}", **line)
    assert all(name in proposed for name in ("base_a", "base_b", "base_c"))
    assert "results" not in proposed
