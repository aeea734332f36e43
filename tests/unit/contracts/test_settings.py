"""Settings: all mistakes at once, secrets never shown, embedded stores fill what is not set."""

import json
import os
from contextlib import contextmanager

import pytest

from contracts.errors import SettingsError
from contracts.settings import embedded_state_path, load_settings
from contracts.urls import NOT_WELL_FORMED

pytestmark = pytest.mark.usefixtures("clean_environment")


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


def test_earlier_keys_are_a_list_by_white_space_or_in_json(monkeypatch):
    first, second = "1" * 32, "2" * 40
    for given, listed in (
        (first, (first,)),
        (f" {first}\n{second} ", (first, second)),
        (json.dumps([first, f"{second} {second}"]), (first, f"{second} {second}")),
        ("", ()),
        ("[]", ()),
    ):
        monkeypatch.setenv("SCORE_CACHE_KEYS_EARLIER", given)
        assert load_settings().earlier_cache_keys == listed, given
        assert first not in repr(load_settings())


def test_keys_that_are_too_short_or_no_list_are_named_without_their_text(monkeypatch):
    for given, told in (
        (f"{'1' * 32} hunter2 {'2' * 32} hunter3", "key 2, 4 of 4: at least 32 bytes are needed"),
        ('["hunter2', "begins like a list in JSON and is not one of texts"),
        ('["hunter2", 7]', "begins like a list in JSON and is not one of texts"),
    ):
        monkeypatch.setenv("SCORE_CACHE_KEYS_EARLIER", given)
        monkeypatch.setenv("SCORE_CACHE_KEY_NEXT", "hunter2")
        with pytest.raises(SettingsError) as error:
            load_settings()
        assert f"SCORE_CACHE_KEYS_EARLIER: {told}" in error.value.problems
        assert "SCORE_CACHE_KEY_NEXT: at least 32 bytes are needed" in error.value.problems
        assert "hunter" not in str(error.value)


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


def _problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return error.value.problems


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "redis://:s3nha/dois@127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://:123/s3nha@127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://s3nha#x@127.0.0.1/0"),
        ("BASE_A_URL", "postgresql://u:abc@def:s3nha/redo@127.0.0.1/d"),
        ("BASE_A_URL", "postgresql+psycopg2://u:s3nha@def@127.0.0.1/d"),
        ("BASE_A_URL", "oracle+oracledb://u:s3nha?x@127.0.0.1/?service_name=X"),
        ("BASE_A_URL", "sqlite://"),
        ("BASE_B_URL", "postgresql://u:s3nha@127.0.0.1:notaport/d"),
        ("BASE_B_URL", "postgresql://u:s3nha@127.0.0.1:/d"),
        ("BASE_B_URL", "postgresql://u:s3nha[::1]:5432/d"),
        ("BASE_B_URL", "postgresql://u:s3nha@127.0.0.1/d\x1b[2J"),
        ("RESULTS_URL", "postgresql://u:[s3nha@127.0.0.1/d"),
        ("BASE_C_URL", "mongodb://u:s3nha/x@h1:27017,h2:27017/base_c"),
        ("BASE_C_URL", "mongodb://u:s3nha@h1:27017,h2:s3nha/base_c"),
        ("BASE_C_URL", "mongodb://u:s3n:ha@h1/base_c"),
        ("BASE_C_URL", "mongodb:///base_c"),
        ("LAKE", "s3:///prefixo"),
        ("PREFECT_API_URL", "http://127.0.0.1:s3nha/api"),
    ],
)
def test_a_url_that_is_not_well_formed_is_named_and_never_shown(monkeypatch, name, value):
    monkeypatch.setenv(f"SCORE_{name}", value)
    assert _problems() == (f"SCORE_{name}: {NOT_WELL_FORMED}",)


def test_a_url_longer_than_any_is_refused(monkeypatch):
    monkeypatch.setenv("SCORE_BASE_C_URL", f"mongodb://u:s3nha@{'h' * 2_000}/base_c")
    assert _problems() == ("SCORE_BASE_C_URL: is longer than 2,000 characters",)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("BASE_A_URL", "foo://h/d", "must start with one of oracle://, postgresql://, mysql://, mariadb://, mssql://"),
        ("BASE_A_URL", "h/d", "must start with one of oracle://"),
        ("BASE_B_URL", "postgres://h/d", "must start with postgresql://"),
        ("LAKE", "foo://x", "must start with one of s3://, gs://, file://"),
        ("LAKE", "s3://AKIA:s3nha@balde/prefixo", "holds a key; set AWS_ACCESS_KEY_ID"),
        ("LAKE", "s3://balde/prefixo?secret_key=s3nha", "takes no options but endpoint_override, region"),
        ("DASK", "maquina:8786", "must be `local`, or start with one of tcp://, tls://"),
        ("DASK", "tcp://maquina", "must name host and port"),
    ],
)
def test_an_unknown_kind_of_url_is_told_what_is_known(monkeypatch, name, value, problem):
    monkeypatch.setenv(f"SCORE_{name}", value)
    [found] = _problems()
    assert found.startswith(f"SCORE_{name}: {problem}")
    assert "s3nha" not in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_A_URL", "oracle+oracledb://u:p%40%3A%2F@h:1521/?service_name=X"),
        ("BASE_A_URL", "oracle+oracledb://u:p@APELIDO"),
        ("BASE_A_URL", "sqlite:////tmp/a@b.db"),
        ("BASE_A_URL", "postgresql:///d?host=/run/postgresql"),
        ("BASE_B_URL", "postgresql+psycopg2://u:p@[::1]:5432/d"),
        ("BASE_C_URL", "mongodb://u:p@h1:27017,h2:27018,[::1]/base_c?authSource=admin&replicaSet=r"),
        ("BASE_C_URL", "mongodb+srv://u:p@cluster.example/base_c"),
        ("REDIS_URL", "rediss://u:p@h:6379/0"),
        ("LAKE", "relativo/lake"),
        ("LAKE", "s3://balde/prefixo?region=sa-east-1"),
        ("LAKE", "s3://balde/prefixo?endpoint_override=127.0.0.1:9000&scheme=http"),
        ("LAKE", "file:///tmp/lake"),
        ("DASK", "local"),
        ("DASK", "tcp://10.0.0.1:8786"),
        ("DASK", "tls://dask.interno:8786"),
    ],
)
def test_good_urls_pass(monkeypatch, name, value):
    monkeypatch.setenv(f"SCORE_{name}", value)
    given = getattr(load_settings(), name.lower())
    assert (given if isinstance(given, str) else given.get_secret_value()) == value


def test_a_setting_misspelt_in_dotenv_is_named(tmp_path):
    (tmp_path / ".env").write_text("# nota\nOUTRO=1\nSCORE_WORKRES=3\nexport SCORE_WORKERS=5\n")
    assert _problems() == ("SCORE_WORKRES: no such setting",)


def test_dotenv_is_read(tmp_path):
    (tmp_path / ".env").write_text("# nota\nOUTRO=1\nexport OUTRO\nexport SCORE_WORKERS=5\n")
    assert load_settings().workers == 5


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"SCORE_WORKERS=3\n= s3nha\n", ".env: line 2 is not NAME=value"),
        (b"SCORE_WORKERS\n", ".env: line 1 is not NAME=value"),
        (b"SCORE_WORKERS=3 # n\xe3o\n", ".env: not UTF-8 text"),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_one_clear_error(tmp_path, content, problem):
    (tmp_path / ".env").write_bytes(content)
    assert _problems() == (problem,)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"settings": []}', '{"settings": {"nada": "x"}}', '{"settings": {"workers": 1}}', "\0"],
)
def test_a_damaged_state_file_is_one_clear_error(tmp_path, content):
    state = embedded_state_path(tmp_path / "var")
    state.parent.mkdir()
    state.write_text(content)
    (problem,) = _problems()
    assert "not a state file" in problem
    assert "escore down --erase" in problem


def test_a_bad_address_in_the_state_file_names_its_setting(tmp_path):
    state = embedded_state_path(tmp_path / "var")
    state.parent.mkdir()
    state.write_text('{"settings": {"redis_url": "redis://h:s3nha"}}')
    assert _problems() == (f"SCORE_REDIS_URL: {NOT_WELL_FORMED}",)


def test_a_folder_that_may_not_be_read_is_one_clear_error(tmp_path, unprivileged):
    state = embedded_state_path(tmp_path / "var")
    state.parent.mkdir(mode=0o700)
    state.write_text("{}")
    state.parent.chmod(0)
    tmp_path.chmod(0o755)
    with unprivileged(), pytest.raises(SettingsError, match=r"SCORE_VAR: .* cannot be read"):
        load_settings({"var": "var"})


def test_a_var_that_is_no_folder_holds_no_state():
    assert load_settings({"var": "/dev/null"}).redis_url is None


@pytest.fixture
def unprivileged():
    """Return a block in which we are not root, whom no rights keep out."""

    @contextmanager
    def act():
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(before)

    return act
