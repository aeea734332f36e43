"""Where the Python interface finds its settings, and what it says when there are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import escore
from contracts.errors import SettingsError
from contracts.settings import embedded_state_path
from escore.nights import settings_here

URL = "postgresql://u:p@127.0.0.1:1/x"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the engine, and a notebook's folder in it that is the current one."""
    folder = tmp_path / "checkout"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "var").mkdir()
    monkeypatch.chdir(folder / "notebooks")
    monkeypatch.setattr("escore.nights.CHECKOUT", folder)
    return folder


def start_stores(var: Path) -> None:
    body = {"settings": {"results_url": URL, "redis_url": "redis://127.0.0.1:1/0"}, "servers": {}}
    embedded_state_path(var).write_text(json.dumps(body))


def test_a_notebook_s_folder_finds_the_stores_of_the_checkout(checkout: Path):
    start_stores(checkout / "var")
    settings = settings_here()
    assert settings.secret("results_url") == URL
    assert settings.lake_root == str(checkout / "var" / "lake")


def test_a_relative_var_is_the_checkout_s_too(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    (checkout / "var" / "demo").mkdir()
    start_stores(checkout / "var" / "demo")
    monkeypatch.setenv("SCORE_VAR", "var/demo")
    assert settings_here().lake_root == str(checkout / "var" / "demo" / "lake")


def test_the_checkout_s_dotenv_is_read_from_its_notebooks(checkout: Path):
    (checkout / ".env").write_text(f"SCORE_RESULTS_URL={URL}\nSCORE_LAKE=lago\n")
    settings = settings_here()
    assert settings.secret("results_url") == URL
    assert settings.lake_root == str(checkout / "lago")


def test_the_current_folder_comes_first(checkout: Path):
    start_stores(checkout / "var")
    (checkout / "notebooks" / ".env").write_text(f"SCORE_RESULTS_URL={URL}2\n")
    assert settings_here().secret("results_url") == f"{URL}2"
    assert settings_here().lake_root == "var/lake"


def test_without_stores_it_is_said_what_to_do(checkout: Path):
    with pytest.raises(
        SettingsError, match=r"SCORE_RESULTS_URL is not set and no embedded store is running: .*escore up"
    ):
        escore.load_scores()


def test_all_wrong_settings_are_named_at_once(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCORE_RESULT_URL", URL)
    monkeypatch.setenv("SCORE_WORKERS", "many")
    with pytest.raises(SettingsError) as error:
        escore.load_features("2025-12-31")
    assert {problem.split(":")[0] for problem in error.value.problems} == {"SCORE_RESULT_URL", "SCORE_WORKERS"}
