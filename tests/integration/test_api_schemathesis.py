"""The whole OpenAPI document tried by Schemathesis on a real socket: nothing the API does is left undocumented.

Schemathesis runs as its own command with a fixed seed, so that a failure can be had again:
`st run URL/openapi.json --seed ... -n ...`.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contracts.settings import Settings
from serve.app import create_app
from serve.published.person_hash import PersonHash
from tests.api_server import token
from tests.faults import truth
from tests.faults.api_process import ApiProcess, environment_of
from tests.published_runs import publish
from tests.score_samples import make_run, make_scores

SEED = 20261122
PHASES = ("examples", "coverage", "fuzzing", "stateful")
OPEN_PATHS = frozenset({"/saude/vivo", "/saude/pronto", "/metrics", "/openapi.json", "/docs", "/modelo"})
"""What may be read without a token; every other path holds personal data."""

SHUT_OUT = {401, 403, 404, 405}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("schemathesis")
    fill(settings, *example_person(create_app(settings).openapi()))
    return settings


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    api = ApiProcess(settings.var / "api", environment_of(settings))
    api.start()
    yield api.url
    api.stop()


def example_person(document: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the CPF that the document gives as its examples."""
    found: dict[str, str] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    found[parameter["name"]] = _example(parameter)
    return found["cliente_id"], "".join(filter(str.isdigit, found["cpf"]))


def fill(settings: Settings, client_id: str, cpf: str) -> None:
    """Make the person of the document's examples one of the consumers, known to every store."""
    first, *others = truth.make_persons(PersonHash(settings.secret("cache_key").encode()))
    known = dataclasses.replace(first, id=client_id, cpf=cpf)
    truth.fill(settings, [known, *others])
    scores = make_scores(truth.CONSUMERS)
    scores = scores.set_column(0, "cliente_id", pa.array([client_id, *scores["cliente_id"].to_pylist()[1:]]))
    scores = scores.set_column(1, "cpf", pa.array([cpf, *scores["cpf"].to_pylist()[1:]])).cast(make_scores(1).schema)
    publish(settings, make_run(1), scores.take(pc.sort_indices(scores["cpf"])))


def try_api(url: str, folder: Path, *options: str, max_examples: int, seed: int = SEED) -> tuple[int, str]:
    """Run Schemathesis over the whole document; return its exit code and all that it said."""
    command = [str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", "--no-color"]
    choices = ["--phases", ",".join(PHASES), "--seed", str(seed), "--max-examples", str(max_examples)]
    done = subprocess.run(
        [*command, *choices, "--generation-database", "none", "--output-truncate", "false", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=590,
    )
    return done.returncode, done.stdout + done.stderr


def try_with_token(
    url: str, settings: Settings, folder: Path, *, max_examples: int, seed: int = SEED
) -> dict[str, Any]:
    """Return Schemathesis's report of a run with a token of every scope that found nothing amiss."""
    header = f"Authorization: Bearer {token(settings)}"
    report = folder / "report.json"
    options = ("--checks", "all", "--header", header, "--report", "json", "--report-json-path", str(report))
    code, said = try_api(url, folder, *options, max_examples=max_examples, seed=seed)
    assert code == 0, said
    found: dict[str, Any] = json.loads(report.read_text())
    assert found["failures"] == found["errors"] == []
    assert found["operations"]["tested"] == found["operations"]["total"]
    assert {phase: found["phases"][phase]["status"] for phase in PHASES} == dict.fromkeys(PHASES, "success")
    return found


def test_nothing_is_answered_that_is_not_documented(url, settings, tmp_path):
    found = try_with_token(url, settings, tmp_path, max_examples=20)
    assert found["test_cases"]["generated"] >= 400
    served = {
        operation: sum(phase["accepted"] for phase in phases.values())
        for operation, phases in found["valid_rates"].items()
    }
    assert min(served.values()) > 0, f"never answered with data: {served}"


@pytest.mark.long
@pytest.mark.parametrize("seed", [SEED, 1, 2])
def test_five_thousand_cases_find_nothing(url, settings, tmp_path, seed):
    found = try_with_token(url, settings, tmp_path, max_examples=400, seed=seed)
    assert found["test_cases"]["generated"] >= 5_000


def test_nothing_of_a_person_is_answered_without_a_token(url, tmp_path):
    """Nothing but 401, 403 or 404, and 405 for a method that is not there, whatever is sent."""
    report = tmp_path / "report.har"
    _, said = try_api(url, tmp_path, "--report", "har", "--report-har-path", str(report), max_examples=10)
    assert report.exists(), said
    answered: Counter[tuple[str, int]] = Counter()
    for entry in json.loads(report.read_text())["log"]["entries"]:
        path = urlsplit(entry["request"]["url"]).path
        if path not in OPEN_PATHS:
            answered[entry["request"]["method"], entry["response"]["status"]] += 1
    assert sum(answered.values()) > 100
    assert {status for _, status in answered} <= SHUT_OUT, answered


def _example(parameter: dict[str, Any]) -> str:
    if "example" in parameter:
        return str(parameter["example"])
    if "examples" in parameter:
        return str(next(iter(parameter["examples"].values()))["value"])
    return str(parameter["schema"]["examples"][0])
