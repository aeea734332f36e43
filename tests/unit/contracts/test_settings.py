"""Settings: all mistakes at once, secrets never shown, embedded stores fill what is not set."""

import json
import os

import pytest

from contracts.errors import SettingsError
from contracts.settings import embedded_state_path, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("SCORE_") or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_all_mistakes_are_named_together(monkeypatch):
    monkeypatch.setenv("SCORE_RANGE_SIZE", "-5")
    monkeypatch.setenv("SCORE_REDIS_URL", "http://user:hunter2secret@host")
    monkeypatch.setenv("SCORE_JWT_SECRET", "short")
    monkeypatch.setenv("SCORE_TYPO", "1")
    with pytest.raises(SettingsError) as error:
        load_settings()
    named = {problem.split(":")[0] for problem in error.value.problems}
    assert named == {"SCORE_RANGE_SIZE", "SCORE_REDIS_URL", "SCORE_JWT_SECRET", "SCORE_TYPO"}
    assert "hunter2" not in str(error.value)


def test_secrets_do_not_show(monkeypatch):
    monkeypatch.setenv("SCORE_BASE_A_URL", "oracle+oracledb://u:hunter2@h/?service_name=X")
    assert "hunter2" not in repr(load_settings())


def test_missing_stores_are_listed_together():
    with pytest.raises(SettingsError) as error:
        load_settings().require("base_a_url", "redis_url")
    assert [p.split(" ")[0] for p in error.value.problems] == ["SCORE_BASE_A_URL", "SCORE_REDIS_URL"]


def test_embedded_stores_fill_what_is_not_set(monkeypatch, tmp_path):
    state = embedded_state_path(tmp_path / "var")
    state.parent.mkdir()
    state.write_text(
        json.dumps(
            {
                "settings": {
                    "base_a_url": "postgresql://e/a",
                    "redis_url": "redis://e",
                    "base_a_admin_url": "postgresql://e/admin",
                }
            }
        )
    )
    monkeypatch.setenv("SCORE_REDIS_URL", "redis://mine")
    settings = load_settings()
    assert settings.secret("base_a_url") == "postgresql://e/a"
    assert settings.secret("redis_url") == "redis://mine"
    monkeypatch.setenv("SCORE_BASE_A_URL", "postgresql://mine/a")
    assert load_settings().secret("base_a_admin_url") == "postgresql://mine/a"
