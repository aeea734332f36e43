"""The command line: help with examples, mistakes in one clear line, fixed exit codes."""

import json
import re
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from contracts.settings import Settings
from tests.flows.conftest import escore, succeed


@pytest.fixture
def nowhere(embedded, tmp_path):
    """Settings that lead to no store at all."""
    return Settings(var=tmp_path)


def test_stores_that_are_not_set_are_named_together(nowhere):
    done = escore(nowhere, "run", "--as-of", "2025-12-31")
    assert done.returncode == 2
    for name in ("SCORE_BASE_A_URL", "SCORE_BASE_B_URL", "SCORE_BASE_C_URL", "SCORE_RESULTS_URL", "SCORE_REDIS_URL"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_named_together(nowhere):
    done = escore(nowhere, "check", SCORE_WORKERS="many", SCORE_REGIME="outro", SCORE_NONE="1")
    assert done.returncode == 2
    for name in ("SCORE_WORKERS", "SCORE_REGIME", "SCORE_NONE"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["2025-13-01", "yesterday", "", "20251231", "2025-W52-3"])
def test_a_date_that_is_none_is_said_so(nowhere, text):
    done = escore(nowhere, "run", "--as-of", text)
    assert done.returncode == 2
    assert "YYYY-MM-DD" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "train"])
@pytest.mark.parametrize(("day", "reason"), [("2999-01-01", "has not ended"), ("0001-01-01", "lies before")])
def test_a_date_that_cannot_be_a_reference_date(night, command, day, reason):
    before = night.query("select count(*) from execucao")
    done = escore(night.settings, command, "--as-of", day)
    assert done.returncode == 2
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["error"], "our line alone"
    assert reason in done.stderr
    assert night.query("select count(*) from execucao") == before


@pytest.mark.parametrize("command", ["run", "train"])
def test_a_date_before_all_data_is_refused_before_anything_is_read(night, command):
    lake = Path(night.settings.lake_root)
    before = {path.name for kind in ("snapshots", "training") for path in (lake / kind).glob("*")}
    done = escore(night.settings, command, "--as-of", "1990-06-30")
    assert done.returncode == 2
    assert "lies before all data" in done.stderr
    assert re.search(r"Base A knows its first consumer from 20\d\d-\d\d-\d\d on$", done.stderr.strip())
    assert "extract" not in done.stderr
    assert {path.name for kind in ("snapshots", "training") for path in (lake / kind).glob("*")} == before


def test_a_model_that_is_not_there(night):
    done = escore(night.settings, "run", "--as-of", "2025-12-31", "--model", "2020-01-01-00000000")
    assert done.returncode == 8
    assert "no model is registered" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_is_readable_by_a_machine(nowhere):
    assert isinstance(json.loads(succeed(escore(nowhere, "status", "--json")).stdout), list)


def test_check_finds_nothing_wrong_with_a_fresh_installation(night):
    done = escore(night.settings, "check", "--json")
    assert done.returncode == 0, done.stdout
    assert [p for p in json.loads(done.stdout) if p["severity"] == "error"] == []


def test_token_is_not_minted_in_production(night):
    assert escore(night.settings, "token", SCORE_ENV="producao").returncode == 2
    _head, claims, _seal = succeed(escore(night.settings, "token")).stdout.split(".")
    assert json.loads(urlsafe_b64decode(claims + "=="))["finalidade"] == "demonstração"


def test_populated_stores_are_not_overwritten(night):
    done = escore(night.settings, "populate", "--clients", "10", "--as-of", "2025-12-31")
    assert done.returncode == 2
    assert "already hold" in done.stderr
