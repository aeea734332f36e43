"""Stores for the tests: embedded servers, once a session, and fresh installations on them.

Real servers take the embedded ones' place, one by one, where SCORE_BASE_A_ADMIN_URL, SCORE_BASE_B_ADMIN_URL,
SCORE_BASE_C_ADMIN_URL, SCORE_RESULTS_ADMIN_URL or SCORE_REDIS_URL name them (logins that may make databases
and users). All other SCORE_* variables, a developer's `.env` and a running `var/` are kept away from the tests:
the session's working folder is an empty one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.settings import PREFIX, Settings, load_settings
from stores.embedded import erase_stores, start_stores
from tests.provisioning import EmbeddedServers, Provisioner
from tests.scheduling import KeptTogether, put_dearest_first
from tests.store_processes import erase_left_behind

REAL_SERVERS = {
    "base_a": ("SCORE_BASE_A_ADMIN_URL", "Base A ran on embedded PostgreSQL; nothing here has run on Oracle"),
    "base_b": ("SCORE_BASE_B_ADMIN_URL", "Base B ran on PostgreSQL from a wheel"),
    "base_c": ("SCORE_BASE_C_ADMIN_URL", "Base C ran on SecantusDB; nothing here has run on MongoDB itself"),
    "results": ("SCORE_RESULTS_ADMIN_URL", "the results ran on PostgreSQL from a wheel"),
    "redis": ("SCORE_REDIS_URL", "the cache ran on Valkey from a wheel; nothing here has run on Redis itself"),
}
SESSIONS = Path(tempfile.gettempdir()) / f"escore-testes-{os.geteuid()}"
REAL_URLS = pytest.StashKey[dict[str, str]]()
FOLDER = pytest.StashKey[Path]()
LEFT_OUT = pytest.StashKey[int]()
NOT_RUN = pytest.StashKey[list[str]]()
"""What else the last lines say, each a line."""
LEFT_OUT_KEY = "escore_left_out"
MakeInstallation = Callable[[str], Settings]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the long forms of the tests be asked for."""
    parser.addoption("--run-long", action="store_true", help="run the tests marked `long` too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms out unless they are asked for; order what processes side by side will do."""
    if hasattr(config, "workerinput"):
        put_dearest_first(items)
    if config.getoption("--run-long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
    config.stash[LEFT_OUT] = len(long)


def pytest_configure(config: pytest.Config) -> None:
    """Note the real servers, then take everything out of the environment that could disturb a test."""
    real = {store: os.environ[variable] for store, (variable, _) in REAL_SERVERS.items() if variable in os.environ}
    config.stash[REAL_URLS] = real
    config.addinivalue_line("markers", "long: takes minutes; `make test-long` runs it")
    for name in [name for name in os.environ if name.startswith((PREFIX, "PREFECT_"))]:
        del os.environ[name]
    folder = SESSIONS / f"{os.getpid()}-{secrets.token_hex(4)}"
    config.stash[FOLDER] = folder
    os.environ |= {  # before anything imports Prefect, which reads them once
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": str(folder / "prefect"),
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was not run, and why."""
    real = config.stash[REAL_URLS]
    lines = [f"{text} ({name} is not set)" for store, (name, text) in REAL_SERVERS.items() if store not in real]
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        lines.append(f"{report.nodeid}: {reason}")
    if left_out := config.stash.get(LEFT_OUT, 0):
        lines.append(f"{left_out} long tests: `make test-long` runs them")
    lines += config.stash.get(NOT_RUN, [])
    terminalreporter.section("not run, and why")
    for line in lines or ["everything was run"]:
        terminalreporter.write_line(f"- {line}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that prints, where this is a worker of pytest-xdist, how many long tests were left out."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[LEFT_OUT_KEY] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> KeptTogether | None:
    """Keep the tests of one finished night in one process, besides those of one file."""
    return KeptTogether(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Note what a worker left out; every worker collects all tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get(LEFT_OUT_KEY, 0)


@pytest.fixture(scope="session", autouse=True)
def session_folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Work in an empty folder, deleted at the end; what a killed session left behind goes first."""
    SESSIONS.mkdir(mode=0o700, exist_ok=True)
    assert SESSIONS.stat().st_uid == os.geteuid(), f"{SESSIONS} belongs to somebody else"
    _clear_dead_sessions()
    before = Path.cwd()
    folder = request.config.stash[FOLDER]
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    yield folder
    os.chdir(before)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def servers(session_folder: Path) -> Iterator[EmbeddedServers]:
    """Hold the embedded servers, without Prefect; they start when first needed and end with the session."""
    servers = EmbeddedServers(session_folder / "var")
    yield servers
    servers.erase()


@pytest.fixture(scope="session")
def embedded(servers: EmbeddedServers) -> Settings:
    """Return the settings of the embedded servers: three empty databases, roles and users."""
    return servers.settings()


@pytest.fixture(scope="session")
def prefect_api(embedded: Settings) -> str:
    """A local Prefect server beside the embedded stores, as `escore up` starts it."""
    var = embedded.var
    start_stores(var, with_prefect=True, report=lambda _line: None)
    address = load_settings({"var": var}).prefect_api_url
    assert address is not None
    return address


@pytest.fixture(scope="session")
def provisioner(request: pytest.FixtureRequest, servers: EmbeddedServers, session_folder: Path) -> Provisioner:
    """Make installations; the embedded servers start only if one of them is needed."""
    return Provisioner(request.config.stash[REAL_URLS], servers, session_folder)


@pytest.fixture(scope="session")
def make_installation(provisioner: Provisioner) -> Iterator[MakeInstallation]:
    """Make migrated stores of their own, with engine roles of the least rights, that last until the session ends."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(provisioner.installation(name))
        provisioner.end()


@pytest.fixture
def installation(provisioner: Provisioner) -> Iterator[Settings]:
    """Migrated stores of this one test's own, dropped after it."""
    with provisioner.installation("teste") as settings:
        yield settings


def _clear_dead_sessions() -> None:
    """Remove what killed sessions left; of sessions that start at once, as workers do, one after the other."""
    lock = os.open(SESSIONS, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in SESSIONS.iterdir():
            if not psutil.pid_exists(int(folder.name.split("-")[0])):
                for var in (folder / "var", *folder.glob("casa-*/escore/var")):
                    erase_stores(var)
                erase_left_behind(folder)
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
