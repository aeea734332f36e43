"""The image's promises, kept by its own instructions in a root of its own: an ordinary user, nothing else to write on.

No container engine is needed: ``tests/image_root.py`` follows the Dockerfile. The short form takes the packages from
this environment; the long one installs them from the lock as the image does, and runs a night in it.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from contracts.settings import Settings
from deploy.package.archives import unpack
from deploy.package.packager import Packager
from deploy.supply.dockerfile import DOCKERFILE, ROOT
from deploy.templates import load_templates
from tests.api_server import token
from tests.image_root import HERE, ImageRoot, missing_right

URLS = ("base_a_url", "base_b_url", "base_c_url", "results_url", "redis_url", "cache_key", "jwt_secret")
OWNERS = ("base_a_admin_url", "base_b_admin_url", "base_c_admin_url", "results_admin_url")
READ_ONLY = 30
"""EROFS."""
WRITE = """
import sys
try:
    open(sys.argv[1], "w")
except OSError as error:
    sys.exit(error.errno)
"""
REFUSED = re.compile(rb"(?i)read-only|not a writable|permission denied|cannot be written")

without_right = pytest.mark.skipif(missing_right() is not None, reason=f"the image's root: {missing_right()}")
pytestmark = without_right


def laid_out(folder: Path, *, install: bool) -> ImageRoot:
    """Make the image of the context that `make package` packs, and of nothing beside it."""
    before = os.umask(0o022)  # a container engine's; another test of this process may have left a narrower one
    try:
        context = unpack(Packager(folder / "packed").build_image(), folder / "context")
        assert filecmp.cmp(context / DOCKERFILE.relative_to(ROOT), DOCKERFILE, shallow=False)
        image = ImageRoot(folder, context)
        image.lay_out(install=install)
    finally:
        os.umask(before)
    return image


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that another user can go into; pytest's own are closed to others."""
    with TemporaryDirectory(prefix="escore-image-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def image() -> Iterator[ImageRoot]:
    with open_folder() as folder:
        yield laid_out(folder, install=False)


@pytest.fixture(scope="module")
def installed_image() -> Iterator[ImageRoot]:
    with open_folder() as folder:
        yield laid_out(folder, install=True)


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("imagem")


def environment_of(settings: Settings, *names: str) -> dict[str, str]:
    return {f"SCORE_{name.upper()}": settings.secret(name) for name in (*URLS, *names)}


@contextmanager
def serving(image: ImageRoot, settings: Settings, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Serve the API in the image until told to stop, and see that it does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [*image.entry, "serve", "--port", str(port)]
    given = {**environment_of(settings), "SCORE_DRAIN_SECONDS": "0"}
    log = folder / "log"
    with log.open("wb") as lines:
        process = image.start(words, given, stdout=lines, stderr=lines)
        try:
            deadline = time.monotonic() + 60
            while healthy(image, port) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
            assert process.poll() is None, log.read_text()
            yield process, port
        finally:
            process.terminate()
            ended = process.wait(30)
    assert ended in {0, -signal.SIGTERM}
    assert not REFUSED.search(log.read_bytes()), log.read_text()


def healthy(image: ImageRoot, port: int) -> int:
    """Return what HEALTHCHECK's own command says: 0, well."""
    return image.ask([*image.health, "--port", str(port)], {}).returncode


def test_the_command_line_answers(image):
    done = image.ask([*image.entry, "--help"], {})
    assert done.returncode == 0
    assert b"Usage: escore" in done.stdout
    assert not REFUSED.search(done.stdout)


def test_the_stores_are_checked_from_it(image, settings):
    done = image.ask([*image.entry, "check"], environment_of(settings))
    assert (done.returncode, done.stdout) == (0, b"every store answers and keeps the contract\n")


def test_the_api_answers_as_an_ordinary_user_without_rights(image, settings, tmp_path):
    with serving(image, settings, tmp_path) as (process, port):
        told = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        if os.geteuid() == 0:  # else 10001 is this user, under a name of the name space's own
            assert set(told["Uid"].split() + told["Gid"].split()) == {"10001"}
            assert not told["Groups"].strip()
        assert {int(told[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert told["NoNewPrivs"] == "1"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            assert client.get("/saude/pronto").json()["situacao"] == "pronto"
            assert client.get("/docs").status_code == 200
            headers = {"Authorization": f"Bearer {token(settings)}"}
            assert client.get("/clientes", headers=headers).json()["count"] == 0
        assert healthy(image, port + 1) != 0 or port == 65_535
    assert healthy(image, port) == 1


def test_logins_that_come_apart_are_filled_into_their_addresses(image):
    given = {
        "SCORE_BASE_B_URL": "postgresql://{username}:{password}@h/b?sslrootcert={certs}/rds.pem",
        "LOGIN_SCORE_BASE_B_URL": json.dumps({"username": "a@b", "password": "c/d"}),
    }
    asked = image.ask(["python", "/app/with_logins.py", "printenv", "SCORE_BASE_B_URL"], given)
    assert asked.stdout == b"postgresql://a%40b:c%2Fd@h/b?sslrootcert=/app/certs/rds.pem\n"


def test_what_prefect_is_set_up_from_is_in_it(image):
    assert image.ask(["ls", "/app/prefect.yaml", "/app/deploy/prefect/automations.yaml"], {}).returncode == 0


@pytest.mark.parametrize("place", ["/", "/app", "/app/contracts", "/venv", "/venv/bin", "/etc", "/usr/local", "/var"])
def test_nothing_else_can_be_written_to(image, place):
    asked = image.ask(["python", "-c", WRITE, f"{place}/escrito"], {})
    assert asked.returncode == READ_ONLY, asked.stdout


@pytest.mark.parametrize("place", ["/tmp", "/var/escore"])
def test_its_two_places_can(image, place):
    assert image.ask(["python", "-c", WRITE, f"{place}/escrito"], {}).returncode == 0


def test_the_embedded_stores_are_not_in_it_and_it_says_so_before_anything_starts(image):
    done = image.ask([*image.entry, "up"], {})
    assert done.returncode == 2
    assert b"error: the embedded stores are not installed here" in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_a_night_runs_in_what_the_image_installs(installed_image, settings, tmp_path):
    """Population, training with its plots, a run with its gates and Data Docs, Prefect's own server beside."""
    image = installed_image
    given = {**environment_of(settings, *OWNERS), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600"}
    as_of = ("--as-of", "2025-12-31")
    for words in (("populate", "--clients", "2000", "--events", "6", *as_of), ("train", *as_of), ("run", *as_of)):
        done = image.ask([*image.entry, *words], given)
        assert done.returncode == 0, done.stdout.decode()[-4000:]
        assert not REFUSED.search(done.stdout), done.stdout.decode()[-4000:]
    with serving(image, settings, tmp_path) as (_, port):
        model = httpx.get(f"http://127.0.0.1:{port}/modelo", timeout=20)
        assert model.status_code == 200


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_dask_and_prefect_start_as_the_template_says_and_their_health_is_asked_so(installed_image, tmp_path):
    """The task's own words, on the loopback address and other ports."""
    resources = load_templates()["workers"]["Resources"]
    for task in ("SchedulerTask", "PrefectTask"):
        (container,) = resources[task]["Properties"]["ContainerDefinitions"]
        ports = {"0.0.0.0": "127.0.0.1", "8786": "18786", "127.0.0.1:8787": "127.0.0.1:18787", "8787": "18787"}
        ports["4200"] = "14200"
        start = [ports.get(word, word) for word in (*container["EntryPoint"], *container["Command"])]
        ask = [ports.get(word, word) for word in container["HealthCheck"]["Command"][1:]]
        log = (tmp_path / task).open("wb")
        with log, installed_image.start(start, {"DASK_SEED": "s" * 64}, stdout=log, stderr=log) as process:
            deadline = time.monotonic() + 120
            while installed_image.ask(ask, {}).returncode and time.monotonic() < deadline:
                assert process.poll() is None, (tmp_path / task).read_text()
                time.sleep(1)
            assert time.monotonic() < deadline, (tmp_path / task).read_text()
            process.terminate()
        assert not REFUSED.search((tmp_path / task).read_bytes()), (tmp_path / task).read_text()


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_everything_installed_is_compiled_for_good(installed_image):
    place = installed_image.root / "venv" / "lib" / f"python{HERE}" / "site-packages"
    for package in (installed_image.root / "app" / "flows", place / "prefect", place / "fastapi"):
        for source in package.rglob("*.py"):
            if "templates" in source.parts:
                continue
            compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-{HERE.replace('.', '')}.pyc"
            assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", source  # by hash, and not looked at
