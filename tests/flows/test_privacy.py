"""No CPF, name or street of the population is in any log, report, artifact, error, cache or Prefect record."""

import re
from urllib.parse import urlsplit

import pytest
import redis
import sqlalchemy as sa

from contracts.settings import secret_fields
from stores.connections import sql_engine
from tests.flows.conftest import escore

MIN_PERSONAL_LENGTH = 12
"""Shorter names may be ordinary words of a page."""


@pytest.fixture(scope="module")
def personal(night) -> tuple[set[str], set[str]]:
    """All CPFs (digits and punctuated) and long names, of Base A as the engine's owner sees it."""
    engine = sql_engine(night.settings.secret("base_a_admin_url"), timeout=10)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("select cpf, nome, longadouro, numero from cliente")).all()
    engine.dispose()
    cpfs = {row[0] for row in rows if re.fullmatch(r"\d{11}", row[0])}
    texts = {row[1] for row in rows} | {f"{row[2]}, {row[3]}" for row in rows}
    return cpfs, {text for text in texts if len(text) >= MIN_PERSONAL_LENGTH and text.isprintable()}


def leaks(data: bytes, personal: tuple[set[str], set[str]]) -> list[str]:
    """Return what kinds of personal data stand in some bytes, as text in UTF-8 or UTF-16."""
    cpfs, texts = personal
    found = []
    for text in (data.decode("utf-8", "replace"), data.decode("latin-1")):
        digits = set(re.findall(r"(?<!\d)\d{11}(?!\d)", text))
        digits |= {"".join(parts) for parts in re.findall(r"(\d{3})\.(\d{3})\.(\d{3})-(\d{2})", text)}
        if digits & cpfs:
            found.append("a CPF")
        if any(one in text for one in texts):
            found.append("a name or street")
    return found


def test_the_search_finds_what_is_planted(personal):
    cpfs, texts = personal
    cpf = next(iter(cpfs))
    assert leaks(f"x {cpf} y".encode(), personal)
    assert leaks(f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}".encode(), personal)
    assert leaks(next(iter(texts)).encode(), personal)
    assert len(cpfs) > 1_500


def test_commands_print_nobody(night, personal):
    for name, output in night.outputs.items():
        assert leaks(output.encode(), personal) == [], name


def test_files_outside_the_lake_and_the_truth_hold_nobody(night, personal):
    var = night.settings.var
    files = [p for p in var.rglob("*") if p.is_file() and not {"lake", "verdade"} & set(p.relative_to(var).parts)]
    assert any(p.suffix == ".html" for p in files)
    for path in files:
        assert leaks(path.read_bytes(), personal) == [], path


def test_prefect_and_server_logs_hold_nobody(night, embedded, personal):
    """Prefect's database (flow and task runs, logs, artifacts) and every embedded server's own log."""
    servers = embedded.var / "embutidos"
    files = [p for p in servers.rglob("*") if p.is_file() and (p.suffix in {".log", ".db", ".db-wal"})]
    assert any(p.name == "prefect.db" for p in files)
    for path in files:
        assert leaks(path.read_bytes(), personal) == [], path


def test_no_secret_is_in_what_the_night_left_behind(night, embedded):
    """What it printed, its files and reports, Prefect's database of runs, parameters, logs and artifacts."""
    texts = [night.settings.secret(name) for name in secret_fields() if getattr(night.settings, name) is not None]
    secrets = {urlsplit(text).password if "://" in text else text for text in texts}
    prefect = [path for path in (embedded.var / "embutidos" / "prefect").rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in prefect)
    contents = {str(path): path.read_bytes() for path in (*prefect, *night.settings.var.rglob("*")) if path.is_file()}
    contents |= {name: text.encode() for name, text in night.outputs.items()}
    for name, content in contents.items():
        assert not [secret for secret in secrets if secret and secret.encode() in content], name


def test_cache_holds_nobody_in_clear(night, personal):
    client = redis.Redis.from_url(night.settings.secret("redis_url"))
    keys = list(client.scan_iter(count=1000))
    assert keys
    for key in keys:
        assert leaks(key, personal) == []
        kind = client.type(key)
        value = client.hgetall(key) if kind == b"hash" else client.dump(key)
        assert leaks(repr(value).encode(), personal) == [], key
    client.close()


def test_rejected_records_are_named_by_key_alone(night, personal):
    rows = night.query("select base, tabela, chave, regra from rejeitado")
    assert leaks(repr(rows).encode(), personal) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"SCORE_BASE_B_URL": "postgresql+psycopg2://nobody:hunter2hunter2@127.0.0.1:1/none"}, 3),
        ({"SCORE_RESULTS_URL": "postgresql+psycopg2://nobody:hunter2hunter2@127.0.0.1:1/none"}, 3),
    ],
)
def test_a_store_that_is_down_is_one_clear_line_without_secrets(night, personal, change, code):
    done = escore(night.settings, "run", "--as-of", "2025-12-31", **change, SCORE_IO_RETRIES="0")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "hunter2" not in done.stderr + done.stdout
    assert "127.0.0.1" in done.stderr.splitlines()[-1]
    assert leaks((done.stderr + done.stdout).encode(), personal) == []
