"""Secrets from mounted files: SCORE_X_FILE for SCORE_X, all that is wrong told at once, what they hold never."""

from __future__ import annotations

import os

import pytest

from contracts.errors import SettingsError
from contracts.settings import load_settings, secret_fields

pytestmark = pytest.mark.usefixtures("clean_environment")

KEY = "uma-chave-de-pelo-menos-trinta-e-dois-bytes"


def name_file(monkeypatch, tmp_path, setting: str, content: bytes, mode: int = 0o444) -> None:
    path = tmp_path / setting.lower()
    path.write_bytes(content)
    path.chmod(mode)
    monkeypatch.setenv(f"SCORE_{setting}_FILE", str(path))


def problems() -> list[str]:
    with pytest.raises(SettingsError) as error:
        load_settings()
    return list(error.value.problems)


@pytest.mark.parametrize("name", secret_fields())
def test_every_secret_may_lie_in_a_file(monkeypatch, tmp_path, name):
    values = {"base_c": "mongodb://u:s3nha@h/c", "redis": "redis://:s3nha@h", "cache_k": KEY, "jwt_se": KEY}
    value = next((v for start, v in values.items() if name.startswith(start)), "postgresql://u:s3nha@h/b")
    name_file(monkeypatch, tmp_path, name.upper(), f"{value}\n".encode())
    assert load_settings().secret(name) == value


def test_a_link_as_kubernetes_mounts_it_is_followed(monkeypatch, tmp_path):
    name_file(monkeypatch, tmp_path, "CACHE_KEY", KEY.encode())
    (tmp_path / "elo").symlink_to(tmp_path / "cache_key")
    monkeypatch.setenv("SCORE_CACHE_KEY_FILE", str(tmp_path / "elo"))
    assert load_settings().secret("cache_key") == KEY


def test_a_file_may_be_named_in_dotenv(tmp_path):
    (tmp_path / "chave").write_text(KEY)
    (tmp_path / ".env").write_text("SCORE_CACHE_KEY_FILE=chave\n")
    assert load_settings().secret("cache_key") == KEY


def test_only_the_ends_of_lines_are_cut_off(monkeypatch, tmp_path):
    name_file(monkeypatch, tmp_path, "CACHE_KEY", f" {KEY} \r\n\n".encode())
    assert load_settings().secret("cache_key") == f" {KEY} "


def test_all_that_is_wrong_is_told_together_and_nothing_is_shown(monkeypatch, tmp_path):
    name_file(monkeypatch, tmp_path, "CACHE_KEY", KEY.encode())
    monkeypatch.setenv("SCORE_CACHE_KEY", KEY)
    name_file(monkeypatch, tmp_path, "JWT_SECRET", b" \n")
    name_file(monkeypatch, tmp_path, "REDIS_URL", b"redis://:s3nha@h", mode=0o666)
    name_file(monkeypatch, tmp_path, "RESULTS_URL", b"\xff\xfe")
    monkeypatch.setenv("SCORE_BASE_A_URL_FILE", str(tmp_path / "nenhum"))
    monkeypatch.setenv("SCORE_BASE_B_URL_FILE", str(tmp_path))
    name_file(monkeypatch, tmp_path, "BASE_C_URL", b"mongodb://u:s3@nha@h/c")
    name_file(monkeypatch, tmp_path, "RANGE_SIZE", b"100")
    told = problems()
    assert set(told) == {
        "SCORE_CACHE_KEY_FILE: SCORE_CACHE_KEY is set too; one of them alone can be meant",
        "SCORE_JWT_SECRET_FILE: the file is empty",
        "SCORE_REDIS_URL_FILE: the file can be written by everybody; take that right away (chmod o-w)",
        "SCORE_RESULTS_URL_FILE: the file is not UTF-8 text",
        "SCORE_BASE_A_URL_FILE: the file cannot be read (No such file or directory)",
        "SCORE_BASE_B_URL_FILE: the file is no regular file",
        "SCORE_BASE_C_URL: is not a well-formed URL; write @ : / in a password as %40 %3A %2F",
        "SCORE_RANGE_SIZE_FILE: no such setting",
    }


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(monkeypatch, tmp_path):
    os.mkfifo(tmp_path / "cano")
    monkeypatch.setenv("SCORE_CACHE_KEY_FILE", str(tmp_path / "cano"))
    assert problems() == ["SCORE_CACHE_KEY_FILE: the file is no regular file"]


def test_a_file_as_long_as_no_secret_is_not_read(monkeypatch, tmp_path):
    name_file(monkeypatch, tmp_path, "CACHE_KEY", b"x" * (1 << 17))
    assert problems() == ["SCORE_CACHE_KEY_FILE: the file is longer than 65536 bytes"]
