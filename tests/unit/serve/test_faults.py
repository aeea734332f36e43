"""An unexpected fault answers 500 without a word of what was asked, in the answer and in the log."""

from __future__ import annotations

import json
import logging
import sys

import httpx
from fastapi import FastAPI

from serve.api.http_app import assemble
from serve.api.log_lines import WithoutValues
from serve.api.metrics import Metrics
from tests.api_server import running

CPF = "52998224725"


async def nothing() -> None:
    return None


def failing_app() -> FastAPI:
    app = assemble("falha", [], metrics=Metrics(), close=nothing)

    @app.get("/falha/{cpf}")
    async def fail(cpf: str) -> None:
        raise ValueError(f"cannot read {cpf}")

    return app


def test_a_fault_is_a_problem_without_values(capfd):
    with running(failing_app()) as url:
        answer = httpx.get(f"{url}/falha/{CPF}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert CPF not in answer.text
    log = capfd.readouterr().err
    (line,) = [json.loads(line) for line in log.splitlines() if '"evento":"requisicao"' in line]
    assert (line["metodo"], line["rota"], line["status"]) == ("GET", "/falha/{cpf}", 500)
    assert line["requisicao_id"] == answer.headers["x-request-id"]
    assert f"fault {line['requisicao_id']}" in log, "the fault's places stand under the request's identifier"
    assert "ValueError (text withheld)" in log
    assert CPF not in log


def test_a_traceback_is_formatted_as_places_alone():
    try:
        int(CPF + "x")
    except ValueError:
        record = logging.LogRecord("escore.x", logging.ERROR, __file__, 1, "fault", None, sys.exc_info())
    for form in ("texto", "json"):
        text = WithoutValues(form).format(record)
        assert "ValueError" in text
        assert "test_faults.py" in text
        assert CPF not in text
