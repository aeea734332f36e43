"""Each application, and the Lambda function, starts and answers without the batch side's libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = (
    "alembic",
    "duckdb",
    "great_expectations",
    "interpret",
    "matplotlib",
    "numpy",
    "pandas",
    "prefect",
    "pyarrow",
    "rich",
    "scipy",
    "sklearn",
    "typer",
)
NOWHERE = {
    "SCORE_BASE_A_URL": "postgresql://u@127.0.0.1:9/a",
    "SCORE_BASE_B_URL": "postgresql://u@127.0.0.1:9/b",
    "SCORE_BASE_C_URL": "mongodb://127.0.0.1:9/c",
    "SCORE_RESULTS_URL": "postgresql://u@127.0.0.1:9/r",
    "SCORE_REDIS_URL": "redis://127.0.0.1:9/0",
    "SCORE_CACHE_KEY": "k" * 40,
    "SCORE_JWT_SECRET": "s" * 40,
}
ANSWERING = """
import asyncio
from contracts.settings import load_settings
from serve.app import {name}

async def answer(app, path):
    sent, asked = [], [{{"type": "http.request", "body": b"", "more_body": False}}]
    scope = {{"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
              "headers": [], "scheme": "http", "http_version": "1.1", "root_path": ""}}
    async def receive():
        return asked.pop()
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    return sent[0]["status"]

async def main():
    app = {name}(load_settings())
    for path, status in {paths!r}.items():
        assert await answer(app, path) == status, path

asyncio.run(main())
"""
DOCUMENT = {"/openapi.json": 200, "/docs": 200, "/saude/vivo": 200, "/metrics": 200}
PROGRAMS = {
    "all": ANSWERING.format(name="create_app", paths={**DOCUMENT, "/clientes": 401}),
    "A": ANSWERING.format(name="create_app_a", paths={**DOCUMENT, "/clientes": 401}),
    "B": ANSWERING.format(name="create_app_b", paths={**DOCUMENT, "/clientes/x/score": 401}),
    "C": ANSWERING.format(name="create_app_c", paths={**DOCUMENT, "/clientes/52998224725/consultar": 401}),
    "Lambda": "import serve.lambda_c",
    "the server": "import serve.api.run_server",
}

OTHERS_OWN = {
    "A": ("pymongo", "redis", "serve.systems.system_b", "serve.systems.system_c"),
    "B": ("pymongo", "serve.systems.system_a", "serve.systems.system_c"),
    "C": ("redis", "serve.systems.system_a", "serve.systems.system_b"),
}
"""What a system does not import, for it is another's; Redis is none of A's or C's unless its URL is set."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_heavy_is_imported_nor_what_is_anothers(name, tmp_path):
    unwanted = HEAVY + OTHERS_OWN.get(name, ())
    told = f"import sys; print([name for name in {unwanted!r} if name in sys.modules])"
    settings = {key: value for key, value in NOWHERE.items() if name not in {"A", "C"} or key != "SCORE_REDIS_URL"}
    done = subprocess.run(
        [sys.executable, "-c", f"{PROGRAMS[name]}\n{told}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
