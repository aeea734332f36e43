"""Which errors are told as Prefect's server being away or refusing, and which are faults that must not be."""

import httpx
import pytest
from prefect.exceptions import MissingContextError, ObjectNotFound, ParameterTypeError, PrefectHTTPStatusError

from contracts.errors import RunConflictError, StoreUnavailableError
from flows.commands.flow_calls import prefect_answers

REQUEST = httpx.Request("POST", "https://api.prefect.cloud/api/flow_runs/")
FORBIDDEN = PrefectHTTPStatusError("no", request=REQUEST, response=httpx.Response(403, request=REQUEST))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError("Connection refused"), "does not answer (ConnectError)"),
        (httpx.ReadTimeout("slow"), "does not answer (ReadTimeout)"),
        (RuntimeError("Failed to reach API at http://127.0.0.1:4200/api"), "does not answer (RuntimeError)"),
        (RuntimeError("Timed out while attempting to connect to ephemeral Prefect API server."), "does not answer"),
        (RuntimeError("Found incompatible versions: client: 3.8.8, server: 2.20.0."), "is of another version"),
        (FORBIDDEN, "refuses (HTTP 403)"),
        (ObjectNotFound(ValueError("x")), "refuses (ObjectNotFound)"),
    ],
)
def test_a_server_that_is_away_or_refuses_is_one_clear_line(error, said):
    with pytest.raises(StoreUnavailableError) as told, prefect_answers("look there"):
        raise error
    assert str(told.value).startswith(f"Prefect's server {said}")
    assert str(told.value).endswith("; look there")
    assert "127.0.0.1" not in str(told.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("dictionary changed size during iteration"),
        RuntimeError("can't start new thread"),
        MissingContextError("no run"),
        ParameterTypeError("limit"),
        ValueError("x"),
        RunConflictError("another run"),
    ],
)
def test_a_fault_is_not_laid_at_the_server_s_door(error):
    with pytest.raises(type(error)) as same, prefect_answers():
        raise error
    assert same.value is error
