"""CPFs and names reach no log, error, metric, Prefect parameter, URL of ours, or key of the cache (LGPD art. 46).

The whole night is searched for every consumer in tests/flows/test_privacy.py; here faults are planted.
"""

from __future__ import annotations

import inspect
import logging
import pkgutil
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis

import flows
from contracts.errors import DataIntegrityError, EscoreError, UnexpectedError
from flows.outcomes import LabelTerms
from flows.progress import StepProgress
from flows.run_plan import RunIdentity
from flows.training_samples import TrainingSnapshot
from flows.withheld import values_withheld
from serve.app import create_app
from serve.published.run_info import RunInfo
from tests.api_server import caller, running

CPF, NAME = "52998224725", "Fulano de Tal"


def fails_plainly() -> None:
    raise ValueError(f"{NAME} {CPF}")


def fails_because_of_another() -> None:
    try:
        fails_plainly()
    except ValueError as error:
        raise RuntimeError(CPF) from error


def fails_with_an_error_of_ours_because_of_another() -> None:
    try:
        fails_plainly()
    except ValueError as error:
        raise DataIntegrityError("a lake table is damaged") from error


@pytest.mark.parametrize(
    "work", [fails_plainly, fails_because_of_another, fails_with_an_error_of_ours_because_of_another]
)
def test_prefect_is_told_of_a_failure_without_its_values(work: Callable[[], None]):
    """LGPD art. 46: neither the text nor what a traceback prints of its causes."""
    with pytest.raises(EscoreError) as caught:
        values_withheld(work)()
    told = str(caught.value) + "".join(traceback.format_exception(caught.value))
    assert CPF not in told
    assert NAME not in told
    if not isinstance(caught.value, DataIntegrityError):
        assert isinstance(caught.value, UnexpectedError)
        assert work.__name__ in told, "where it failed is told"


def flows_and_tasks() -> Iterator[Any]:
    """Yield Prefect's objects; Prefect is not imported before the tests have a folder for it."""
    for module in pkgutil.iter_modules(flows.__path__, "flows."):
        yield from (one for one in vars(import_module(module.name)).values() if type(one).__name__ in {"Flow", "Task"})


def test_prefect_parameters_are_ids_dates_versions_and_numbers():
    """LGPD art. 46: Prefect keeps parameters; a CPF range or a table cannot be one."""
    plain = {date, date | None, str | None, UUID | None, str, int, bool, list[int]}
    harmless = plain | {RunIdentity, TrainingSnapshot, RunInfo, LabelTerms}
    found = {one.name: inspect.signature(one.fn).parameters for one in flows_and_tasks()}
    assert {"score-clients", "train-model", "faixas", "amostras", "publicar"} <= set(found)
    for name, parameters in found.items():
        for parameter in parameters.values():
            assert parameter.annotation in harmless | {StepProgress}, f"{name}.{parameter.name}"


def test_a_fault_of_the_api_is_logged_and_answered_without_its_values(published, capfd):
    """LGPD art. 46: the exception's text quotes a person; log and answer do not."""
    app = create_app(published.settings)

    async def fail(cpf: str) -> None:
        raise RuntimeError(f"{NAME} {cpf}")

    app.add_api_route("/quebra/{cpf}", fail)
    with running(app) as url:
        answer = httpx.get(f"{url}/quebra/{CPF}")
        metrics = httpx.get(f"{url}/metrics").text
    logged = "".join(capfd.readouterr())
    assert answer.status_code == 500
    assert "RuntimeError (text withheld)" in logged
    assert "/quebra/{cpf}" in logged
    assert 'rota="/quebra/{cpf}",status="500"' in metrics
    for told in (answer.text, logged, metrics, str(answer.headers)):
        assert CPF not in told
        assert NAME not in told


def test_urls_of_ours_hold_no_cpf_and_no_name(published):
    """LGPD art. 46: only the source document's own addresses take one; links to pages and batches hide it."""
    with running(create_app(published.settings)) as url, caller(url, published.settings) as client:
        paths = client.get("/openapi.json").json()["paths"]
        first = client.get("/clientes", params={"nome": "Fulano", "page_size": 10}).json()
        second = client.get(first["next"]).json()
    assert {path for path in paths if "cpf" in path} == {"/clientes/{cpf}/consultar"}
    for link in (first["next"], second["next"], second["previous"]):
        assert "Fulano" not in link
        assert "nome" not in link


def test_the_cache_holds_no_cpf_name_or_id_in_clear(published):
    """LGPD art. 46: after scores were published and every consumer's data read through it."""
    with running(create_app(published.settings)) as url, caller(url, published.settings) as client:
        for number in range(40):
            assert client.get(f"/clientes/c{number}/score-data").status_code in (200, 404)
    with redis.Redis.from_url(published.settings.secret("redis_url")) as cache:
        keys = set(cache.scan_iter(count=1000))
        held = [cache.hgetall(key) if cache.type(key) == b"hash" else cache.dump(key) for key in keys]
    assert sum(key.startswith(b"escore:dados:") for key in keys) == 30
    for text in (*keys, *(repr(value).encode() for value in held)):
        assert not [number for number in range(40) if published.cpf(number).encode() in text]
        assert b"Fulano" not in text
        assert b"Santos" not in text


def test_debug_logging_of_the_drivers_stays_silent(published, caplog):
    """LGPD art. 46: MongoDB's and SQLAlchemy's own logs would quote filters and parameters."""
    cpf = published.cpf(1)
    caplog.set_level(logging.DEBUG)
    with running(create_app(published.settings)) as url, caller(url, published.settings) as client:
        assert client.get(f"/clientes/{cpf}/consultar").status_code == 200
        assert client.post("/scores/consultar", json={"cpfs": [cpf]}).status_code == 200
        assert client.get("/clientes", params={"cpf": cpf}).status_code == 200
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert caplog.records
    assert not [record.name for record in ours if cpf in record.getMessage()]
