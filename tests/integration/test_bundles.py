"""The bundles start from what is in them alone: unpacked in an empty place, with real stores."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from contracts.settings import Settings
from deploy.package.archives import digest_of, files_below, unpack, write_archive
from deploy.package.bundles import ROOT
from deploy.package.packager import LAMBDA_BYTES, LAMBDA_PLACE, PAGE, Packager
from deploy.package.wheels import compile_for_keeps
from serve.access.callers import SCOPES
from serve.access.minting import AUDIENCE, ISSUER
from tests.answering import free_port, wait_until_answering
from tests.api_server import running
from tests.gateway_events import load_balancer_event
from tests.token_samples import claims, ec_key, jwk, jwks, sign

CPF = "52998224725"
STORES = {"a": ("base_a_url",), "b": ("base_b_url", "redis_url", "results_url"), "c": ("base_c_url", "results_url")}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("pacotes")


@pytest.fixture(scope="module")
def packager(tmp_path_factory: pytest.TempPathFactory) -> Packager:
    return Packager(tmp_path_factory.mktemp("pacotes"))


@pytest.fixture(scope="module")
def issuer() -> Iterator[tuple[str, str]]:
    """Yield where an issuer of tokens shows its keys, and a token of its."""
    document = jwks(jwk(ec_key(), "1"))
    shown = Route("/jwks.json", lambda request: Response(document, media_type="application/json"))
    signed = sign(ec_key(), claims(iss=ISSUER, aud=AUDIENCE, scope=" ".join(SCOPES)), kid="1")
    with running(Starlette(routes=[shown])) as url:
        yield f"{url}/jwks.json", signed


def environment_of(settings: Settings, system: str, keys: str) -> dict[str, str]:
    """Return the variables as a template sets them: addresses without logins, logins apart, and where keys are."""
    given = {"PATH": "/usr/bin:/bin", "SCORE_ENV": "desenvolvimento", "SCORE_DRAIN_SECONDS": "0"}
    for name in STORES[system]:
        url, variable = settings.secret(name), f"SCORE_{name.upper()}"
        parts = urlsplit(url)
        if parts.username is None:
            given[variable] = url
            continue
        login = f"{parts.username}:{parts.password}@"
        given[variable] = url.replace(login, "{username}:{password}@")
        given[f"LOGIN_{variable}"] = json.dumps(
            {"username": unquote(parts.username), "password": unquote(parts.password or "")}
        )
    cache_keys = {"current": settings.secret("cache_key"), "next": "", "earlier": ""}
    return given | {"CACHE_KEYS": json.dumps(cache_keys), "SCORE_JWKS": keys}


def empty_python(folder: Path) -> Path:
    """Return a Python that has its standard library and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@contextmanager
def started(python: Path, system: str, place: Path, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """Run what the Procfile's first line says, and end it in order."""
    command = (place / "Procfile").read_text().splitlines()[0].removeprefix("web: ").split()
    assert command[:3] == ["python", "serve_system.py", system]
    port, log = free_port(), place / "log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [str(python), *command[1:3], str(free_port())],
            cwd=place,
            env={**environment, "SYSTEM_PORT": str(port)},
            stderr=lines,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        try:
            wait_until_answering(client, "/saude/vivo", process, log)
            yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait(20)


@pytest.mark.parametrize(("system", "path"), [("a", "/clientes/c1"), ("b", "/clientes/c1/score-data")])
def test_a_beanstalk_bundle_starts_from_what_is_in_it_alone(settings, packager, issuer, tmp_path, *, system, path):
    keys, token = issuer
    place = unpack(packager.build_beanstalk(system), tmp_path / "app")
    python = empty_python(tmp_path / "env")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--no-compile"]
    subprocess.run([*pip, "-r", "requirements.txt"], cwd=place, check=True, env={**os.environ, "PIP_NO_INDEX": "1"})
    with started(python, system, place, environment_of(settings, system, keys)) as client:
        ready = client.get("/saude/pronto")
        assert (ready.status_code, ready.json()["situacao"]) == (200, "pronto")
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 404
    assert CPF not in (place / "log").read_text("utf-8")


LAMBDA = """
import json, sys, time
before = time.perf_counter()
import entry
answers = [entry.handler(json.loads(line), None) for line in sys.stdin]
print(json.dumps({"answers": answers, "seconds": time.perf_counter() - before}))
"""


def test_the_lambda_archive_answers_from_what_is_in_it_alone(settings, packager, issuer, tmp_path):
    place = unpack(packager.build_lambda(), tmp_path / "task")
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    assert size < LAMBDA_BYTES / 2
    keys, token = issuer
    event = load_balancer_event("GET", f"/clientes/{CPF}/consultar", headers={"Authorization": f"Bearer {token}"})
    done = subprocess.run(
        [str(empty_python(tmp_path / "env")), "-c", LAMBDA],
        cwd=place,
        env=environment_of(settings, "c", keys) | {"PYTHONDONTWRITEBYTECODE": "1"},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["answers"]
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"]
    assert answer["statusCode"] == 200
    assert json.loads(body)["ultima_compra"] is None
    assert CPF not in done.stderr


def test_the_page_asks_the_api_beside_it(packager, tmp_path):
    built = tmp_path / "static"
    (built / "node_modules").mkdir(parents=True)
    for name, text in {
        "index.html": "<!doctype html>",
        "config.json": '{"api": "../"}',
        "node_modules/x.js": "",
    }.items():
        (built / name).write_text(text)
    place = unpack(packager.build_page(built), tmp_path / "bucket")
    assert {file.name for file in place.iterdir()} == {"index.html", "config.json"}
    assert json.loads((place / "config.json").read_text()) == {"api": "./"}


def test_the_same_code_and_lock_give_the_same_bytes(packager, tmp_path):
    again = Packager(tmp_path / "again")
    for build in (Packager.build_image, partial(Packager.build_beanstalk, system="b")):
        assert digest_of(build(packager)) == digest_of(build(again))
    assert digest_of(packager.build_page(PAGE)) == digest_of(again.build_page(PAGE))


def test_the_same_code_is_compiled_to_the_same_bytes_wherever_it_is_compiled(tmp_path):
    """The part of the archive of System C that could differ."""
    archives = []
    for place in (tmp_path / "one", tmp_path / "elsewhere" / "two"):
        for package in ("contracts", "stores"):
            shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
        compile_for_keeps(place, LAMBDA_PLACE)
        archives.append(place.with_suffix(".zip"))
        write_archive(archives[-1], files_below(place, compiled=True))
    with ZipFile(archives[0]) as content:
        assert any(name.endswith(".pyc") for name in content.namelist())
    assert digest_of(archives[0]) == digest_of(archives[1])


@pytest.mark.long
def test_every_bundle_is_built_again_with_the_same_bytes(tmp_path):
    sums = []
    for place in (tmp_path / "one", tmp_path / "two"):
        Packager(place).build_all()
        sums.append((place / "SHA256SUMS").read_text())
    assert len(sums[0].splitlines()) == 5
    assert sums[0] == sums[1]
