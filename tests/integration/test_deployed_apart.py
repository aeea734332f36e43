"""Each system as a process of its own, with its own store's URL and the secrets alone: what it then can do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pymongo import MongoClient

from contracts.settings import Settings
from serve.api.problem_types import NO_SUCH_CONSUMER
from stores.connections import sql_engine
from tests.answering import free_port, wait_until_answering
from tests.api_server import token
from tests.published_runs import publish
from tests.score_samples import make_run, make_scores

ROOT = Path(__file__).parents[2]
CPF = "52998224725"
SECRETS = ("cache_key", "jwt_secret")
PROGRAM = """
import sys
from contracts.settings import load_settings
from serve.api.run_server import serve
serve(load_settings(), port=int(sys.argv[1]), system=sys.argv[2])
"""


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("apartes")
    address = "'SP', 'São Paulo', 'Sé', 'Praça', '1', NULL"
    execute(
        settings,
        "base_a_admin_url",
        f"INSERT INTO cliente VALUES ('c1', '{CPF}', 'Nome', DATE '1980-01-01', NULL, NULL, {address},"
        " TIMESTAMP '2020-01-01 00:00:00', TIMESTAMP '2020-01-01 00:00:00')",
    )
    execute(
        settings,
        "base_b_admin_url",
        f"INSERT INTO pessoa VALUES ('{CPF}', 'c1', '1980-01-01', {address}, '2020-01-01')",
    )
    with MongoClient(settings.secret("base_c_admin_url")) as mongo:
        mongo.get_default_database().compras.insert_one({"cpf": CPF, "data_compra": datetime(2026, 1, 2)})
    return settings


def execute(settings: Settings, url: str, statement: str) -> None:
    engine = sql_engine(settings.secret(url), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@contextmanager
def alone(settings: Settings, system: str, names: tuple[str, ...], folder: Path) -> Iterator[httpx.Client]:
    """Run a system with these settings and no others; it ends in order when told to."""
    port = free_port()
    given = {f"SCORE_{name.upper()}": settings.secret(name) for name in (*names, *SECRETS)}
    log = folder / "log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(port), system],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SCORE_DRAIN_SECONDS": "0", **given},
            stderr=lines,
        )
        headers = {"Authorization": f"Bearer {token(settings)}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10) as client:
            try:
                wait_until_answering(client, "/saude/vivo", process, log)
                yield client
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
            finally:
                process.kill()
                process.wait(20)
    assert CPF not in log.read_text("utf-8")


def stores_of(client: httpx.Client) -> dict[str, str]:
    answer = client.get("/saude/pronto")
    assert (answer.status_code, answer.json()["situacao"]) == (200, "pronto")
    return {name: state for name, state in answer.json()["bancos"].items() if state != "dispensado"}


@pytest.mark.parametrize(
    ("system", "path", "others"),
    [
        ("a", "/clientes/c1", ("/clientes/c1/score", f"/clientes/{CPF}/consultar", "/modelo")),
        ("c", f"/clientes/{CPF}/consultar", ("/clientes", "/clientes/c1", "/clientes/c1/score", "/modelo")),
    ],
)
def test_a_and_c_need_their_own_store_alone(settings, tmp_path, system, path, others):
    store = f"base_{system}"
    with alone(settings, system, (f"{store}_url",), tmp_path) as client:
        assert stores_of(client) == dict.fromkeys([store, "auditoria"], "ok")
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"Authorization": ""}).status_code == 401
        assert [client.get(other).status_code for other in others] == [404] * len(others)
        documented = client.get("/openapi.json").json()["paths"]
        assert not {"/modelo", "/clientes/{cliente_id}/score"} & set(documented)
    (segment,) = [
        file for file in (tmp_path / "var" / "auditoria").rglob("*") if file.is_file() and file.stat().st_size
    ]
    assert b"banco-teste" in segment.read_bytes()


def test_c_answers_by_id_where_the_results_tell_whose_id_it_is(settings, tmp_path):
    scores = make_scores(1)
    publish(settings, make_run(7), scores.set_column(1, "cpf", pa.array([CPF])).cast(scores.schema))
    known = scores["cliente_id"][0].as_py()
    with alone(settings, "c", ("base_c_url", "results_url"), tmp_path) as client:
        by_cpf = client.get(f"/clientes/{CPF}/consultar")
        by_id = client.get(f"/clientes/{known}/eventos")
        assert (by_id.status_code, by_id.json()) == (200, by_cpf.json())
        unknown = client.get("/clientes/7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e/eventos")
        assert (unknown.status_code, unknown.json()["type"]) == (404, NO_SUCH_CONSUMER.uri)


def test_b_needs_base_b_and_where_scores_lie(settings, tmp_path):
    with alone(settings, "b", ("base_b_url", "redis_url", "results_url"), tmp_path) as client:
        assert stores_of(client) == dict.fromkeys(["base_b", "redis", "results", "auditoria"], "ok")
        assert client.get("/clientes/c1/score-data").json()["cpf"] == CPF
        assert client.get("/clientes/c1/score").status_code == 404
        assert client.get("/clientes/c1").status_code == 404
        assert client.get(f"/clientes/{CPF}/consultar").status_code == 404


@pytest.mark.parametrize(
    ("system", "name"), [("a", "SCORE_BASE_A_URL"), ("b", "SCORE_REDIS_URL"), ("c", "SCORE_BASE_C_URL")]
)
def test_what_is_missing_is_told_before_anything_starts(settings, tmp_path, system, name):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "0", system],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode
    assert all(each in done.stderr for each in (name, "SCORE_CACHE_KEY", "SCORE_JWT_SECRET"))
